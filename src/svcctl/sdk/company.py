"""What goes on beside a service while it lives: it is watched, resumed and answered for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager

from svcctl.errors import SpecError, SvcctlError
from svcctl.sdk.assembly import Assembled
from svcctl.sdk.health.result import Group, Health, Status
from svcctl.sdk.lengths import interval
from svcctl.sdk.life import End
from svcctl.sdk.metrics.instruments import Exposed
from svcctl.sdk.surroundings import Pinged
from svcctl.sdk.waiting import limited, sleep

_UPLOAD_PERIOD = 60.0  # seconds between two looks for crash reports that nobody has yet
_PATIENCE = 5.0  # seconds for files to be closed once all else is over


async def keep(service: Assembled, *, pings: tuple[Pinged, float] | None = None) -> End:
    """Live *service*, with all that goes on beside it, and let go of everything.

    *pings*: who is told that it lives, every so many seconds.  What it crashed of is written down.
    Raises nothing but what a cancellation raises.
    """
    try:
        async with _company(service, pings):
            end = await service.life.keep()
    except SvcctlError as error:  # what should have gone on beside it could not even begin
        end = End(reason="not started", error=error, where="start")
    _tell_error(service, end)
    return end


def _tell_error(service: Assembled, end: End) -> None:
    match end.error:
        case None | SystemExit():
            pass
        case SpecError(problem=problem, hint=hint, mistakes=mistakes):
            told = [str(each) for each in mistakes]
            service.log.critical("service.misconfigured", problem=problem, hint=hint, mistakes=told)
        case error:
            service.reporter.report(error, where=end.where)
            service.log.critical("service.crashed", where=end.where, exc_info=error)


@asynccontextmanager
async def _company(service: Assembled, pings: tuple[Pinged, float] | None) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_close, service)
        await _answer(service, stack)
        tasks = [asyncio.create_task(_told(service, each)) for each in _tasks(service, pings)]
        stack.push_async_callback(_end, tasks)
        yield


def _tasks(service: Assembled, pings: tuple[Pinged, float] | None) -> list[Awaitable[None]]:
    found: list[Awaitable[None]] = []
    if pings is not None:
        found.append(_ping(service, *pings))
    if service.blueprint.checks:
        found.append(_rounds(service))
    if service.blueprint.resumers:
        found.append(_resume(service))
    if service.traits.crash_upload_url and service.world.answers:
        found.append(_upload(service))
    return [*found, *_followed(service)]


async def _told(service: Assembled, work: Awaitable[None]) -> None:
    """Do *work*; a fault of it is told, and the service goes on."""
    try:
        await work
    except Exception as error:
        service.reporter.report(error, where="beside the service")
        service.log.exception("service.lost-company")


async def _ping(service: Assembled, manager: Pinged, every: float) -> None:
    """Say that it lives for as long as it does: its loop turns, and its live checks pass."""
    checks, clock, was_up = service.equipment.health, service.world.clock, True
    while True:
        health = await checks.look(Group.LIVE)
        if health.is_up:
            manager.ping()
        elif was_up:
            service.log.error("watchdog.withheld", failing=_failing(health))
        was_up = health.is_up
        await sleep(clock, every)


async def _rounds(service: Assembled) -> None:
    """Ask the checks regularly, and tell when what they find has changed."""
    period = interval(service.traits.check_period)
    checks, clock, before = service.equipment.health, service.world.clock, Status.UP
    await service.life.became_ready.wait()
    while True:
        health = await checks.look(Group.READY)
        if health.status is not before:
            failing = _failing(health)
            tell = service.log.info if health.status is Status.UP else service.log.warning
            tell("health.changed", status=str(health.status), failing=failing)
            service.life.say(f"{health.status}: {', '.join(failing)}" if failing else "")
            before = health.status
        await sleep(clock, period)


def _failing(health: Health) -> list[str]:
    return [name for name, each in health.checks.items() if each.status is not Status.UP]


async def _resume(service: Assembled) -> None:
    """Have the author's methods take up the sagas that a former process left, one by one."""
    life, log = service.life, service.log
    await life.became_ready.wait()
    for each in await service.equipment.pending_sagas():
        call = service.blueprint.resumers.get(each.name)
        if call is None:
            log.warning("saga.pending", saga=each.name, run=each.run)
            continue
        try:
            async with life.context.work(f"saga {each.name}"):
                await life.caller.call(f"saga {each.name}", call, each.run, each.value)
        except Exception as error:
            log.warning("saga.not-resumed", saga=each.name, run=each.run, exc_info=error)


async def _upload(service: Assembled) -> None:
    """Hand on the crash reports of this run and of those before it, as they come."""
    from svcctl.sdk.config.secret import Secret  # noqa: PLC0415 - for those who hand them on
    from svcctl.sdk.crash.http_upload import HttpUploader  # noqa: PLC0415
    from svcctl.sdk.crash.upload import send_unsent  # noqa: PLC0415

    url, clock, before = service.traits.crash_upload_url, service.world.clock, ""
    uploader = HttpUploader(url.reveal() if isinstance(url, Secret) else url, clock=clock)
    while True:
        found = await send_unsent(service.reporter.folder, uploader)
        if found.sent:
            service.log.info("crash.uploaded", to=uploader.name, reports=found.sent)
        if found.problem and found.problem != before:
            service.log.warning("crash.not-uploaded", left=found.left, problem=found.problem)
        before = found.problem
        await sleep(clock, _UPLOAD_PERIOD)


def _followed(service: Assembled) -> list[Awaitable[None]]:
    """Carry what sources of the configuration say into it, as long as the service lives."""
    live, world, traits = service.live, service.world, service.blueprint.traits
    if live is None:
        return []
    from svcctl.sdk.config.follow import follow  # noqa: PLC0415 - for those who have one

    found: list[Awaitable[None]] = [follow(live, each) for each in traits.config_sources]
    if traits.config_follow != "never":
        from svcctl.sdk.config.watched import Watched  # noqa: PLC0415

        every = interval(traits.config_follow)
        files = Watched(lambda: live.loaded.files, clock=world.clock, every=every)
        found.append(follow(live, files))
    return found


async def _answer(service: Assembled, stack: AsyncExitStack) -> None:
    """Answer for health and metrics over HTTP, where the service wants that."""
    port = service.traits.health_port
    if port is None or not service.world.answers:
        return
    from svcctl.sdk.health.server import HealthServer  # noqa: PLC0415 - for those who answer

    host, tools = service.traits.health_host, service.equipment
    metrics = tools.exposition if isinstance(tools.metrics, Exposed) else None
    server = HealthServer(tools.health, port=port, host=host, metrics=metrics)
    await stack.enter_async_context(server)
    service.log.info("health.answered", host=host, port=server.port)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close(service: Assembled) -> None:
    try:
        async with limited(service.world.clock, _PATIENCE):
            await service.equipment.close()
    except TimeoutError:
        service.log.warning("service.unfinished", left=["its files"])
