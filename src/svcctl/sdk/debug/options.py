"""Reads what stands behind ``debug`` on the command line of a service."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from svcctl.errors import SpecError, SystemFault, UsageError
from svcctl.sdk.debug.exchange import Simulation
from svcctl.sdk.debug.scm import Scm
from svcctl.sdk.debug.script import Step, Toggle, parse_script
from svcctl.sdk.debug.terminal import Terminal
from svcctl.sdk.debug.unit import AGENT, Rules, Unit
from svcctl.sdk.lengths import interval
from svcctl.system.detect import Platform, platform

_MANAGERS = ("terminal", "systemd", "scm", "agent")
_ABOUT = """Run the service here and try every control on it.

Keys: p pauses and resumes, r reloads, s stops and starts, c crashes it, k kills it, w hangs its
loop, l turns its log up and down, q quits.

When its code changes it is stopped in order and started anew; code with a syntax error is shown,
and the service runs on with the code it has.
"""
_EXAMPLES = """examples:
  {program}
  {program} --as systemd --watchdog 5s
  {program} --as scm --script "ready; pause; refused pause; resume; stop"
  {program} --script life.txt -o json -- --config dev.toml
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was chosen: *for_run* is handed on to ``run``; *limit* is in seconds a step.

    *steps* are None where nobody gave a script.
    """

    simulation: Simulation
    for_run: tuple[str, ...] = ()
    steps: tuple[Step | Toggle, ...] | None = None
    limit: float = 30.0
    in_json: bool = False
    verbose: bool = False

    @property
    def scm(self) -> bool:
        """Whether the service is to take us for the SCM."""
        return isinstance(self.simulation, Scm)

    @property
    def notify(self) -> bool:
        """Whether the service is to speak sd_notify(3)."""
        return isinstance(self.simulation, Unit)


def read_options(words: Sequence[str], *, program: str) -> Options:
    """Read *words*; those after ``--`` are for ``run``.

    Raises UsageError or SpecError, and SystemExit after ``--help``.
    """
    own = list(words)
    at = own.index("--") if "--" in own else len(own)
    found = _parser(program).parse_args(own[:at])
    return Options(
        simulation=_simulation(found),
        for_run=tuple(own[at + 1 :]),
        steps=None if found.script is None else parse_script(_text(found.script)),
        limit=interval(found.limit),
        in_json=found.output == "json",
        verbose=found.verbose,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="see debug --help")


def _parser(program: str) -> argparse.ArgumentParser:
    name = f"{program} debug"
    parser = _Parser(
        prog=name,
        description=_ABOUT,
        epilog=_EXAMPLES.format(program=name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=f"{name} [OPTION...] [-- OPTION OF RUN...]",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--as", dest="manager", choices=_MANAGERS, default="terminal", help="who runs the service")
    add("--script", metavar="STEPS", help='such as "ready; p; sleep 1s; p; s", or a file of those')
    add("--limit", metavar="TIME", default="30s", help="for each step (default: 30s)")
    add("--start-timeout", metavar="TIME", help="as systemd has it (default: 90s, agent: 60s)")
    add("--stop-timeout", metavar="TIME", help="as systemd has it (default: 90s, agent: 15s)")
    add("--watchdog", metavar="TIME", help="the longest silence (default: none is too long)")
    add("--output", "-o", choices=("text", "json"), default="text", help="json: an object a line")
    add("--verbose", "-v", action="store_true", help="show every sign of life as well")
    return parser


def _simulation(found: argparse.Namespace) -> Simulation:
    timed = {
        "start": found.start_timeout,
        "stop": found.stop_timeout,
        "watchdog": found.watchdog,
    }
    given = {name: interval(length) for name, length in timed.items() if length is not None}
    on_windows = platform() is Platform.WINDOWS
    if found.manager in {"terminal", "scm"}:
        if given:
            raise UsageError(f"a {found.manager} has no time limits of yours", hint="--as systemd")
        return Scm() if found.manager == "scm" else Terminal(signals=not on_windows)
    if on_windows:
        raise UsageError(
            f"Windows has no sockets for --as {found.manager}", hint="--as scm, --as terminal"
        )
    rules = AGENT if found.manager == "agent" else Rules()
    return Unit(
        rules=replace(
            rules,
            start=given.get("start", rules.start),
            stop=given.get("stop", rules.stop),
            watchdog=given.get("watchdog", rules.watchdog),
        )
    )


def _text(script: str) -> str:
    """Give the steps: those in a file of that name where there is one."""
    if not os.path.isfile(script):
        return script
    try:
        with open(script, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise SpecError(f"{script!r} is no text: {error.reason}") from error
    except OSError as error:
        raise SystemFault(f"{script!r} cannot be read: {error.strerror}") from error
