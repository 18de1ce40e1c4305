"""A host in a world of fakes: what its native manager is told, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.host import BAD_CONFIGURATION, GAVE_UP, Host, HostEnd, standing
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.ports import Applied, HostPhase
from svcctl.spec import canonical
from svcctl.spec.native import WindowsOptions
from svcctl.spec.policy import Hooks, ReloadPolicy, RestartPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]


class Told:
    """A native manager that only listens."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.within: list[float] = []
        self.reloads: list[bool] = []

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        assert text
        self.phases.append(str(phase))
        self.within.append(within)

    def reloading(self, *, over: bool) -> None:
        self.reloads.append(over)


class Box:
    """One host that keeps the service *spec*."""

    def __init__(self, world: FakeWorld, spec: ServiceSpec, turns: Turns) -> None:
        self.world, self.spec, self.told, self._turns = world, spec, Told(), turns
        self.manager = AgentManager(world.ports)
        self.ending: asyncio.Task[HostEnd] | None = None

    async def __aenter__(self) -> Host:
        document = canonical.dump(self.spec)
        await self.manager.install(
            Applied(name=self.spec.name, spec=document, revision=canonical.revision(document))
        )
        host = Host(self.manager, self.spec.name, report=self.told, bus=self.world.bus)
        self.ending = asyncio.create_task(host.keep())
        await self._turns()
        return host

    async def __aexit__(self, *exc: object) -> None:
        del exc
        assert self.ending is not None
        for _ in range(20):
            if not self.ending.done():
                self.ending.cancel()
            await self.pass_time()

    async def pass_time(self, seconds: float = 0.0) -> None:
        self.world.clock.forward(seconds)
        await self._turns()

    async def end(self) -> HostEnd:
        assert self.ending is not None
        for _ in range(10):
            await self.pass_time()
        return await self.ending


def spec(**changes: object) -> ServiceSpec:
    plain = ServiceSpec(name="web", exec=("web",), restart=RestartPolicy(jitter=0.0, max=2))
    return replace(plain, **changes)  # type: ignore[arg-type]


async def test_a_service_that_only_has_to_start_is_running_at_once(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(), turns)

    async with box:
        assert box.told.phases == ["starting", "running"]


async def test_a_manager_hears_again_and_again_while_a_service_is_not_ready(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(ready="notify"), turns)
    async with box:
        for _ in range(3):
            await box.pass_time(5.0)

        assert box.told.phases == ["starting"] * 4
        assert all(each > 5.0 for each in box.told.within)


async def test_a_stop_ends_the_host_with_success(world: FakeWorld, turns: Turns) -> None:
    box = Box(world, spec(), turns)
    async with box as host:
        host.stop(shutdown=False)
        end = await box.end()

        assert end == HostEnd()
        assert box.told.phases[-1] == "stopping"
        assert world.tags() == []


async def test_a_crash_that_is_healed_is_nobody_elses_business(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(), turns)
    async with box:
        world.child().exit(1)
        await box.pass_time()
        await box.pass_time(1.0)

        assert world.tags() == ["web"]
        assert box.told.phases == ["starting", "running"]


async def test_who_gives_up_ends_the_host_with_the_programs_code(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(), turns)
    async with box:
        for _ in range(3):
            world.child().exit(3)
            await box.pass_time()
            await box.pass_time(2.0)
        end = await box.end()

        assert (end.status, end.exit_code) == (GAVE_UP, 3)
        assert end.reason


async def test_a_bad_configuration_has_a_status_of_its_own(world: FakeWorld, turns: Turns) -> None:
    box = Box(world, spec(), turns)
    async with box:
        world.child().exit(78)
        end = await box.end()

        assert (end.status, end.exit_code) == (BAD_CONFIGURATION, 78)


async def test_a_program_that_is_done_ends_the_host_with_success(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(restart=RestartPolicy(policy=RestartPolicy().policy)), turns)
    async with box:
        world.child().exit(0)
        end = await box.end()

        assert end == HostEnd()


async def test_pause_and_resume_are_told(world: FakeWorld, turns: Turns) -> None:
    box = Box(world, spec(), turns)
    async with box as host:
        host.pause()
        await box.pass_time()
        frozen = world.child().frozen
        host.resume()
        await box.pass_time()

        assert frozen
        assert not world.child().frozen
        assert box.told.phases[-2:] == ["paused", "running"]


async def test_a_pause_that_cannot_be_is_answered_too(world: FakeWorld, turns: Turns) -> None:
    box = Box(world, spec(), turns)
    async with box as host:
        world.child().exit(1)
        await box.pass_time()
        host.pause()
        await box.pass_time()

        assert box.told.phases == ["starting", "running", "running"]


async def test_a_command_can_pause_a_service_instead_of_the_freezer(
    world: FakeWorld, turns: Turns
) -> None:
    hooks = Hooks(pause=("pause-it",), resume=("resume-it",))
    box = Box(world, spec(hook=hooks), turns)
    async with box as host:
        host.pause()
        await box.pass_time()
        pausing = box.told.phases[-1]
        world.child("web:pause").exit(0)
        await box.pass_time()
        await box.pass_time()

        assert pausing == "pausing"
        assert box.told.phases[-1] == "paused"
        assert not world.child().frozen


async def test_where_the_command_that_pauses_fails_the_service_is_frozen(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(hook=Hooks(pause=("pause-it",))), turns)
    async with box as host:
        host.pause()
        await box.pass_time()
        world.child("web:pause").exit(1)
        await box.pass_time()
        await box.pass_time()

        assert world.child().frozen
        assert box.told.phases[-1] == "paused"


async def test_a_reload_is_told_when_it_begins_and_when_it_is_over(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(reload=ReloadPolicy(signal="HUP")), turns)
    async with box as host:
        host.reload()
        await turns()

        assert world.child().signals == ["HUP"]
        assert box.told.reloads == [False, True]


async def test_a_user_control_runs_its_command(world: FakeWorld, turns: Turns) -> None:
    box = Box(world, spec(windows=WindowsOptions(controls={"200": ("rotate",)})), turns)
    async with box as host:
        host.custom(201)
        host.custom(200)
        await turns()

        assert [each.launch.argv for each in world.spawner.running] == [("web",), ("rotate",)]


async def test_a_host_that_is_cancelled_leaves_nothing_running(
    world: FakeWorld, turns: Turns
) -> None:
    box = Box(world, spec(), turns)
    async with box:
        assert box.ending is not None

        box.ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await box.end()

        assert world.tags() == []


@given(
    phases=st.lists(st.sampled_from(list(Phase)), min_size=1, max_size=4),
    before=st.sampled_from(list(HostPhase)),
    stopping=st.booleans(),
)
def test_every_standing_has_a_word(
    phases: list[Phase], before: HostPhase, *, stopping: bool
) -> None:
    found = standing(phases, before=before, stopping=stopping)

    assert (found is HostPhase.STOPPING) == stopping
    if before is not HostPhase.STARTING:
        assert found is not HostPhase.STARTING
