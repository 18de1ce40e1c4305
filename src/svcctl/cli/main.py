"""Where ``svcctl`` begins and ends; imports nothing before it knows what is wanted."""

from __future__ import annotations

import sys
from contextlib import suppress
from os import devnull, environ
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIONS = "SVCCTL_AGENT_RUN_"  # what the environment may say of ``agent run``


def run() -> NoReturn:
    """Be the program ``svcctl``."""
    try:
        _open_streams()
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before there was anything to interrupt
        sys.exit(130)


def main(argv: Sequence[str]) -> int:
    """Do what *argv* (without the program's name) says and give the exit status."""
    if list(argv) == ["--version"]:
        from svcctl import __version__  # noqa: PLC0415

        with suppress(OSError):  # told below, as of any other command
            print(f"svcctl {__version__}", flush=True)
            return 0
    if list(argv) == ["agent", "run"] and not any(name.startswith(_OPTIONS) for name in environ):
        # without options it needs no command line, nor a second Python that is free of one
        from svcctl.server.process import main as be_agent  # noqa: PLC0415

        return be_agent()
    from svcctl.cli.border import exit_status  # noqa: PLC0415

    return exit_status(argv)


def _open_streams() -> None:
    """Have nothing else take the number of a stream that was closed, and be written into."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
