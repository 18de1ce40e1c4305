"""Lives a service in this process, for whoever has started it."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

from svcctl.errors import SpecError
from svcctl.events import CrashSeen, Event
from svcctl.ports import HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.crash.document import Subject
from svcctl.sdk.crash.exit_status import exit_status
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.crash.reporter import Reporter
from svcctl.sdk.crash.watching import watching
from svcctl.sdk.life import End, Life
from svcctl.sdk.logs.captured import captured
from svcctl.sdk.logs.descriptor import standard
from svcctl.sdk.logs.logger import Logger, Logs, Source
from svcctl.sdk.places import state_folder
from svcctl.sdk.surroundings import Attach, Surroundings, for_any_thread, signals, surrounded
from svcctl.sdk.waiting import first, sleep
from svcctl.system.clock import SystemClock

_CANCEL = 5.0  # seconds in which what the author has left running ends once it is cancelled


def live(blueprint: Blueprint, *, within: Surroundings = surrounded) -> int:
    """Live the service of *blueprint* here and give the exit status; *within* finds for whom."""

    def body(report: HostReport, attach: Attach) -> int:
        clock = SystemClock()
        sink = standard(sys.stdout.fileno(), os.environ, clock=clock.monotonic)
        logs = Logs(source=Source(service=blueprint.name), sink=sink, clock=clock)
        runner = asyncio.Runner()
        end = runner.run(_live(blueprint, report, attach, logs))
        if not end.abandoned:  # Runner.close() would wait for threads that may hang
            runner.get_loop().close()
        logs.close()
        return exit_status(end.error)

    codes = frozenset(range(128, 256)) if "on_control" in blueprint.hooks else frozenset[int]()
    return within(blueprint.name, body, pausable=True, codes=codes)


async def _live(blueprint: Blueprint, report: HostReport, attach: Attach, logs: Logs) -> End:
    clock = SystemClock()
    with captured(logs, loop=asyncio.get_running_loop()) as log:
        reporter = _reporter(blueprint.name, clock=clock, log=log)
        life = Life(blueprint, clock=clock, report=report, log=log)
        with watching(reporter), signals(life):
            attach(for_any_thread(life))
            end = await life.keep()
        if left := await _end_the_rest(clock):
            known = (*end.unfinished, *(f"task {each}" for each in left))
            end = replace(end, unfinished=known, abandoned=True)
        if end.unfinished:
            log.warning("service.unfinished", left=list(end.unfinished))
        if end.error is not None and not isinstance(end.error, (SystemExit, SpecError)):
            reporter.report(end.error, where=end.where)
            log.critical("service.crashed", where=end.where, exc_info=end.error)
        elif isinstance(end.error, SpecError):
            log.critical("service.misconfigured", problem=end.error.problem, hint=end.error.hint)
        return end


async def _end_the_rest(clock: SystemClock) -> list[str]:
    """Cancel all other tasks, let generators end; name the tasks that do not."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for each in rest:
        each.cancel()
    generators = asyncio.create_task(asyncio.get_running_loop().shutdown_asyncgens())
    await first(asyncio.wait({*rest, generators}), sleep(clock, _CANCEL))
    return sorted(each.get_name() for each in rest if not each.done())


def _reporter(name: str, *, clock: SystemClock, log: Logger) -> Reporter:
    def publish(event: Event) -> None:
        if isinstance(event, CrashSeen):
            log.error("crash.reported", where=event.where, file=event.file)

    folder = CrashFolder(os.path.join(state_folder(name, os.environ), "crashes"))
    return Reporter(folder, Subject(service=name), clock=clock, publish=publish)
