"""Lives a service in this process, for whoever has started it."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from dataclasses import replace

from svcctl.errors import SvcctlError
from svcctl.ports import HostReport
from svcctl.sdk.assembly import World, assembled
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.choices import Choices
from svcctl.sdk.company import keep
from svcctl.sdk.complaint import complain
from svcctl.sdk.crash.exit_status import exit_status
from svcctl.sdk.crash.watching import watching
from svcctl.sdk.endpoint.service import answering
from svcctl.sdk.files import remove_leftovers
from svcctl.sdk.instance import Instance, numbered, this_instance
from svcctl.sdk.life import End, is_own
from svcctl.sdk.logs.captured import captured
from svcctl.sdk.logs.opening import Opening, open_sinks
from svcctl.sdk.one_copy import only_copy
from svcctl.sdk.places import state_folder
from svcctl.sdk.surroundings import (
    Attach,
    for_any_thread,
    heed_signals,
    signals,
    watchdog,
)
from svcctl.sdk.waiting import first, sleep
from svcctl.system.clock import SystemClock

_CANCEL = 5.0  # seconds in which what the author has left running ends once it is cancelled


def lived(blueprint: Blueprint, choices: Choices, report: HostReport, attach: Attach) -> int:
    """Live the service of *blueprint*, tell *report* of it, and give the exit status."""
    instance = _instance(blueprint, choices)
    try:
        folder = state_folder(instance.name, os.environ)
        with only_copy(instance, folder) as unguarded:
            world = _world(blueprint, report, choices, instance, folder)
            return _lived(blueprint, world, attach, unguarded)
    except SvcctlError as error:
        return complain(error)


def _instance(blueprint: Blueprint, choices: Choices) -> Instance:
    instance = this_instance(blueprint.name, os.environ)
    if not choices.instance:
        return instance
    return this_instance(blueprint.name, numbered(instance.service, choices.instance))


def _world(
    blueprint: Blueprint, report: HostReport, choices: Choices, instance: Instance, folder: str
) -> World:
    clock = SystemClock()
    where = choices.log or blueprint.traits.log_to
    return World(
        clock=clock,
        report=report,
        sink=open_sinks(where, Opening(clock=clock, environ=os.environ)),
        instance=instance,
        folder=folder,
        environ=os.environ,
        choices=choices,
    )


def _lived(blueprint: Blueprint, world: World, attach: Attach, unguarded: str) -> int:
    _show_prints_at_once()
    runner = asyncio.Runner()
    end = runner.run(_live(blueprint, world, attach, unguarded))
    if not end.abandoned:  # Runner.close() would wait for threads that may hang
        runner.get_loop().close()
    world.sink.close()
    if end.restart is None:
        return exit_status(end.error)
    from svcctl.sdk.crash.program import this_program  # noqa: PLC0415 - for those who do
    from svcctl.sdk.crash.restart import run_again  # noqa: PLC0415

    return run_again(this_program(), keep=end.restart)


def _show_prints_at_once() -> None:
    """Have a line that is printed seen when it is, in a pipe too: whoever watches is waiting."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


async def _live(blueprint: Blueprint, world: World, attach: Attach, unguarded: str) -> End:
    service = assembled(blueprint, world)
    life, log = service.life, service.log
    with captured(service.logs, loop=asyncio.get_running_loop()):
        if unguarded:
            log.warning("service.unguarded", problem=unguarded)
        for path in remove_leftovers(world.folder):
            log.warning("temporary.left", path=path)
        with watching(service.reporter), signals(life):
            attach(for_any_thread(life))
            async with answering(service):
                end = await keep(service, pings=watchdog(world.environ))
        if end.restart is not None:
            heed_signals()
        if left := await _end_the_rest(world):
            strangers = (f"task {each}" for each in left if not is_own(each))
            end = replace(end, unfinished=(*end.unfinished, *strangers), abandoned=True)
        if end.unfinished:
            log.warning("service.unfinished", left=list(end.unfinished))
        return end


async def _end_the_rest(world: World) -> list[str]:
    """Cancel all other tasks, let generators end; name the tasks that do not.

    Those of the life itself had their time already.
    """
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for each in rest:
        each.cancel()
    generators = asyncio.create_task(asyncio.get_running_loop().shutdown_asyncgens())
    strangers = {each for each in rest if not is_own(each.get_name())}
    await first(asyncio.wait({*strangers, generators}), sleep(world.clock, _CANCEL))
    return sorted(each.get_name() for each in rest if not each.done())
