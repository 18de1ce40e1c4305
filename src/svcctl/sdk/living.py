"""Lives a service in this process, for whoever has started it."""

from __future__ import annotations

import asyncio
import logging
import sys

from svcctl.errors import SpecError
from svcctl.ports import HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.life import End, Life
from svcctl.sdk.surroundings import Attach, for_any_thread, signals, surrounded
from svcctl.system.clock import SystemClock

log = logging.getLogger(__name__)

CRASHED = 70
"""Exit status of a service that raised: EX_SOFTWARE of sysexits.h(3head)."""

MISCONFIGURED = 78
"""Exit status of one that can never run as it is configured: EX_CONFIG."""


def live(blueprint: Blueprint) -> int:
    """Live the service of *blueprint* here and give the exit status."""

    def body(report: HostReport, attach: Attach) -> int:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        runner = asyncio.Runner()
        end = runner.run(_live(blueprint, report, attach))
        if not end.abandoned:  # to close it would be to wait for what does not end
            runner.close()
        _tell(blueprint.name, end)
        return exit_status(end)

    codes = frozenset(range(128, 256)) if "on_control" in blueprint.hooks else frozenset[int]()
    return surrounded(blueprint.name, body, pausable=True, codes=codes)


async def _live(blueprint: Blueprint, report: HostReport, attach: Attach) -> End:
    life = Life(blueprint, clock=SystemClock(), report=report)
    with signals(life):
        attach(for_any_thread(life))
        return await life.keep()


def exit_status(end: End) -> int:
    """Give the status to exit with: 0 after an end in order, else what a manager goes by."""
    match end.error:
        case None:
            return 0
        case SpecError():
            return MISCONFIGURED
        case SystemExit(code=int(code)):
            return code
        case SystemExit(code=None):
            return 0
        case _:
            return CRASHED


def _tell(name: str, end: End) -> None:
    """Write down what did not end well."""
    if end.unfinished:
        log.warning("service.unfinished", extra={"service": name, "left": list(end.unfinished)})
        sys.stderr.write(f"{name}: not finished: {', '.join(end.unfinished)}\n")
    if end.error is not None and not isinstance(end.error, SystemExit):
        log.error("service.crashed: %s", end.where, exc_info=end.error)
