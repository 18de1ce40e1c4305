"""Reads the options of ``run``: argparse, for those who give any."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from svcctl.errors import UsageError
from svcctl.sdk.choices import Choices


def read_choices(words: Sequence[str], *, program: str = "") -> Choices:
    """Read the options of ``run``; raises UsageError, and SystemExit after ``--help``."""
    found = _parser(program).parse_args(list(words))
    return Choices(
        config=tuple(found.config),
        sets=tuple(found.set),
        namespace=found.namespace,
        log=tuple(found.log),
        log_level=found.log_level,
        print_config=found.print_config,
        instance=found.instance,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="see run --help")


def _parser(program: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"{program} run", description="Be the service, here.", allow_abbrev=False)
    add = parser.add_argument
    add("--config", metavar="FILE", action="append", default=[], help="read this; may be repeated")
    add("--set", metavar="KEY=VALUE", action="append", default=[], help="set one value, over all")
    add("--namespace", metavar="NAME", default="", help="dev, test, staging or prod")
    add("--print-config", action="store_true", help="show each value and who set it, and end")
    add("--log", metavar="WHERE", action="append", default=[], help="such as file:///var/log/x")
    add("--log-level", metavar="LEVEL", default="", help="debug, info, warning, error, critical")
    add("--instance", metavar="NUMBER", type=_number, default=0, help="be copy 2, 3... of it")
    return parser


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)
