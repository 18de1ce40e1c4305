"""Lives a service in this process, for whoever has started it."""

from __future__ import annotations

import asyncio
import os
import sys

from svcctl.errors import SpecError
from svcctl.ports import HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.life import End, Life
from svcctl.sdk.logs.captured import captured
from svcctl.sdk.logs.descriptor import standard
from svcctl.sdk.logs.logger import Logs, Source
from svcctl.sdk.surroundings import Attach, for_any_thread, signals, surrounded
from svcctl.system.clock import SystemClock

CRASHED = 70
"""Exit status of a service that raised: EX_SOFTWARE of sysexits.h(3head)."""

MISCONFIGURED = 78
"""Exit status of one that can never run as it is configured: EX_CONFIG."""


def live(blueprint: Blueprint) -> int:
    """Live the service of *blueprint* here and give the exit status."""

    def body(report: HostReport, attach: Attach) -> int:
        clock = SystemClock()
        sink = standard(sys.stdout.fileno(), os.environ, clock=clock.monotonic)
        logs = Logs(source=Source(service=blueprint.name), sink=sink, clock=clock)
        runner = asyncio.Runner()
        end = runner.run(_live(blueprint, report, attach, logs))
        if not end.abandoned:  # to close it would be to wait for what does not end
            runner.close()
        logs.close()
        return exit_status(end)

    codes = frozenset(range(128, 256)) if "on_control" in blueprint.hooks else frozenset[int]()
    return surrounded(blueprint.name, body, pausable=True, codes=codes)


async def _live(blueprint: Blueprint, report: HostReport, attach: Attach, logs: Logs) -> End:
    with captured(logs, loop=asyncio.get_running_loop()) as log:
        life = Life(blueprint, clock=SystemClock(), report=report, log=log)
        with signals(life):
            attach(for_any_thread(life))
            end = await life.keep()
        if end.unfinished:
            log.warning("service.unfinished", left=list(end.unfinished))
        if end.error is not None and not isinstance(end.error, SystemExit):
            log.critical("service.crashed", where=end.where, exc_info=end.error)
        return end


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
