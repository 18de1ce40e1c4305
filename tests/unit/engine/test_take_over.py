"""An agent was killed at any moment: the next one carries on, and nothing runs twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from svcctl.engine import journal
from svcctl.engine.adoption import take_over
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Instance, Phase, Stage, Told
from svcctl.events import InstanceAdopted
from svcctl.ports import Child, Launch, Member
from svcctl.spec.policy import Hooks, RestartPolicy, Schedule, StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import Need, ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]
SPEC = ServiceSpec(
    name="web",
    exec=("web",),
    restart=RestartPolicy(delay=10.0, jitter=0.0),
    stop=StopPolicy(timeout=5.0),
)


def with_(**changes: object) -> ServiceSpec:
    return replace(SPEC, **changes)  # type: ignore[arg-type]


class Awaiting:
    """Keeps who waits for others."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, keeper: Keeper) -> None:
        self.names.append(keeper.name)


def kept(world: FakeWorld, spec: ServiceSpec, awaiting: Awaiting | None = None) -> Keeper:
    return Keeper(
        spec,
        number=1,
        revision="r",
        world=world.ports,
        await_needs=awaiting or Awaiting(),
    )


def taken_over(
    before: FakeWorld, spec: ServiceSpec = SPEC, *, awaiting: Awaiting | None = None
) -> tuple[Keeper, FakeWorld]:
    """Kill the agent of *before*; give the keeper of the next one, which has taken over."""
    world = before.successor()
    ((_, document),) = world.store.items(journal.KIND)
    keeper = kept(world, spec, awaiting)
    take_over(keeper, journal.from_document(document))
    return keeper, world


def started(world: FakeWorld, spec: ServiceSpec = SPEC) -> Keeper:
    keeper = kept(world, spec)
    keeper.tell(Told.START)
    return keeper


def test_a_running_program_runs_on(world: FakeWorld) -> None:
    started(world)
    child = world.child()

    keeper, after = taken_over(world)

    assert after.spawner.children == [child]
    assert keeper.state.phase is Phase.RUNNING
    assert [type(event) for event in after.bus.events] == [InstanceAdopted]


def test_an_adopted_program_that_ends_is_started_again(world: FakeWorld) -> None:
    started(world)
    keeper, after = taken_over(world)

    after.child().exit(1)
    assert keeper.entry.exit_code == 1
    after.clock.forward(10.0)

    assert after.tags() == ["web"]
    assert keeper.state.restarts == 1


def test_a_program_that_ended_unseen_counts_as_failed(world: FakeWorld) -> None:
    started(world)
    world.child().close()
    world.child().exit(0)

    keeper, after = taken_over(world)

    assert (keeper.state.phase, keeper.state.reason) == (Phase.BACKOFF, "exit status unknown")
    after.clock.forward(10.0)
    assert after.tags() == ["web"]


def killed_before_the_machine_was_told(world: FakeWorld, *, wanted: bool = True) -> None:
    """Have the journal say what it says between a spawn and the news of it."""
    ((key, document),) = world.store.items(journal.KIND)
    entry = journal.from_document(document)
    state = Instance(phase=Phase.STARTING, stage=Stage.SPAWNING, wanted=wanted)
    world.store.put(journal.KIND, key, journal.to_document(replace(entry, state=state)))


def test_a_program_spawned_just_before_the_kill_is_kept(world: FakeWorld) -> None:
    started(world)
    killed_before_the_machine_was_told(world)

    keeper, after = taken_over(world)

    assert (keeper.state.phase, keeper.state.child) == (Phase.RUNNING, True)
    assert after.tags() == ["web"]


def test_a_program_spawned_just_before_the_kill_that_ended_unseen_has_failed(
    world: FakeWorld,
) -> None:
    started(world)
    killed_before_the_machine_was_told(world)
    world.child().close()
    world.child().exit(0)

    keeper, after = taken_over(world)
    after.clock.forward(10.0)

    assert keeper.state.phase is Phase.RUNNING
    assert after.tags() == ["web"]


def test_a_stop_asked_for_during_a_spawn_cut_short_is_not_lost(world: FakeWorld) -> None:
    started(world)
    killed_before_the_machine_was_told(world, wanted=False)

    keeper, after = taken_over(world)
    after.clock.forward()

    assert keeper.state.phase is Phase.STOPPED
    assert after.tags() == []


def test_what_a_program_left_that_ended_unseen_is_killed(world: FakeWorld) -> None:
    started(world)
    child = world.child()
    child.close()
    child.leftover.append(Member(pid=77, name="worker"))
    child.exit(1)

    keeper, after = taken_over(world)
    after.clock.forward()

    assert child.leftover == []
    assert keeper.state.phase is Phase.BACKOFF


def test_a_wait_before_the_next_start_is_as_long_as_it_was_to_be(world: FakeWorld) -> None:
    started(world)
    world.child().exit(1)
    world.clock.forward(7.0)

    keeper, after = taken_over(world)
    after.clock.forward(2.9)
    assert after.tags() == []
    after.clock.forward(0.1)

    assert after.tags() == ["web"]
    assert keeper.state.restarts == 1


def test_a_wait_that_is_over_by_now_is_over(world: FakeWorld) -> None:
    started(world)
    world.child().exit(1)
    later = world.successor()
    later.clock.forward(99.0)

    _, after = taken_over(later)
    after.clock.forward()

    assert after.tags() == ["web"]


def test_who_was_not_ready_yet_has_the_rest_of_its_time(world: FakeWorld) -> None:
    spec = with_(ready="notify", ready_timeout=10.0)
    started(world, spec)
    world.clock.forward(6.0)

    keeper, after = taken_over(world, spec)
    after.clock.forward(3.9)
    after.notices.say("web", {"READY": "1"})

    assert keeper.state.phase is Phase.RUNNING


def test_who_is_never_ready_is_stopped_when_the_first_agent_would_have(world: FakeWorld) -> None:
    spec = with_(ready="notify", ready_timeout=10.0)
    started(world, spec)
    world.clock.forward(6.0)

    keeper, after = taken_over(world, spec)
    after.clock.forward(4.0)

    assert keeper.state.reason == "not ready in time"


def test_a_stop_goes_on_with_the_rest_of_its_time(world: FakeWorld) -> None:
    keeper = started(world)
    world.child().dies_of = {"KILL"}
    keeper.tell(Told.STOP)
    world.clock.forward(3.0)

    keeper, after = taken_over(world)
    after.clock.forward(1.9)
    assert after.tags() == ["web"]
    after.clock.forward(0.2)

    assert (keeper.state.phase, after.tags()) == (Phase.STOPPED, [])


def test_a_kill_is_repeated(world: FakeWorld) -> None:
    keeper = started(world)
    world.child().dies_of = set()
    keeper.tell(Told.STOP)
    world.clock.forward(4.99)
    world.child().sweep = lambda *_, **__: None  # type: ignore[method-assign]
    world.clock.forward(0.1)
    del world.child().sweep

    keeper, after = taken_over(world)
    after.clock.forward()

    assert (keeper.state.phase, after.tags()) == (Phase.STOPPED, [])


def test_a_program_that_ended_while_it_was_asked_to_is_stopped(world: FakeWorld) -> None:
    keeper = started(world)
    world.child().dies_of = set()
    keeper.tell(Told.STOP)
    world.child().close()
    world.child().exit(0)

    keeper, _ = taken_over(world)

    assert keeper.state.phase is Phase.STOPPED


def test_a_restart_under_way_is_finished(world: FakeWorld) -> None:
    keeper = started(world)
    first = world.child()
    first.dies_of = set()
    keeper.tell(Told.RESTART)

    keeper, after = taken_over(world)
    after.child().exit(0)
    after.clock.forward()

    assert keeper.state.phase is Phase.RUNNING
    assert after.child() is not first


def test_what_was_paused_is_paused(world: FakeWorld) -> None:
    keeper = started(world)
    keeper.tell(Told.PAUSE)

    keeper, after = taken_over(world)
    assert (keeper.state.phase, after.child().frozen) == (Phase.PAUSED, True)
    keeper.tell(Told.RESUME)

    assert (keeper.state.phase, after.child().frozen) == (Phase.RUNNING, False)


@pytest.mark.parametrize(
    ("phase", "then", "frozen"),
    [(Phase.PAUSING, Phase.PAUSED, True), (Phase.RESUMING, Phase.RUNNING, False)],
)
def test_a_pause_or_resume_under_way_is_finished(
    world: FakeWorld, phase: Phase, then: Phase, *, frozen: bool
) -> None:
    keeper = started(world)
    keeper.entry = replace(keeper.entry, state=replace(keeper.state, phase=phase))
    keeper.write_down()

    keeper, after = taken_over(world)

    assert (keeper.state.phase, after.child().frozen) == (then, frozen)


@pytest.mark.parametrize("happened", [True, False], ids=["happened", "did not happen"])
def test_a_spawn_cut_short_is_found_or_done(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, *, happened: bool
) -> None:
    spawn = world.spawner.spawn

    def die(launch: Launch) -> Child:
        if happened:
            spawn(launch)
        raise SystemExit

    monkeypatch.setattr(world.spawner, "spawn", die)
    keeper = kept(world, SPEC)
    with pytest.raises(SystemExit):
        keeper.tell(Told.START)

    keeper, after = taken_over(world)

    assert len(after.spawner.children) == 1
    assert keeper.state.phase is Phase.RUNNING
    assert keeper.entry.identity == after.child().identity


def test_who_waited_for_others_waits_again(world: FakeWorld) -> None:
    spec = with_(needs={"db": Need.READY})
    started(world, spec)
    awaiting = Awaiting()

    keeper, after = taken_over(world, spec, awaiting=awaiting)
    assert awaiting.names == ["web"]
    keeper.tell(Told.NEEDS_MET)

    assert after.tags() == ["web"]


@pytest.mark.parametrize("phase", ["stopped", "failed", "finished"])
def test_what_rested_rests(world: FakeWorld, phase: str) -> None:
    keeper = started(world)
    world.child().exit({"failed": 78}.get(phase, 0))
    if phase == "stopped":
        keeper.tell(Told.STOP)

    keeper, after = taken_over(world)
    after.clock.forward(1000.0)

    assert (keeper.state.phase, after.tags()) == (phase, [])


async def test_hooks_before_the_start_are_run_again(world: FakeWorld, turns: Turns) -> None:
    spec = with_(hook=Hooks(pre_start=(("migrate",),)))
    first = started(world, spec)
    await turns()
    world.child("web:pre_start").close()
    world.child("web:pre_start").exit(0)

    keeper, after = taken_over(world, spec)
    await turns()
    after.child("web:pre_start").exit(0)
    await turns()

    assert keeper.state.phase is Phase.RUNNING
    await let_go(first, world)


async def test_hooks_before_the_stop_are_run_again(world: FakeWorld, turns: Turns) -> None:
    spec = with_(hook=Hooks(pre_stop=(("drain",),)))
    first = started(world, spec)
    first.tell(Told.STOP)
    await turns()
    world.child("web:pre_stop").close()
    world.child("web:pre_stop").exit(0)

    keeper, after = taken_over(world, spec)
    await turns()
    after.child("web:pre_stop").exit(0)
    await turns()
    after.clock.forward()

    assert keeper.state.phase is Phase.STOPPED
    await let_go(first, world)


async def test_hooks_after_the_stop_are_run_again(world: FakeWorld, turns: Turns) -> None:
    spec = with_(hook=Hooks(post_stop=(("report",),)))
    first = started(world, spec)
    world.child().exit(1)
    await turns()
    world.child("web:post_stop").close()
    world.child("web:post_stop").exit(0)

    keeper, after = taken_over(world, spec)
    await turns()
    after.child("web:post_stop").exit(0)
    await turns()

    assert keeper.state.phase is Phase.BACKOFF
    await let_go(first, world)


async def let_go(keeper: Keeper, world: FakeWorld) -> None:
    """End what the killed agent still waits for, so that the event loop can be closed."""
    keeper.commands.cancel()
    world.clock.forward(1000.0)


def test_a_schedule_goes_on_where_it_was(world: FakeWorld) -> None:
    spec = with_(schedule=Schedule(every=60.0))
    keeper = kept(world, spec)
    keeper.tell(Told.ARM)
    world.clock.forward(60.0)
    world.child().exit(0)
    world.clock.forward(20.0)
    due = keeper.next_at

    keeper, after = taken_over(world, spec)

    assert keeper.next_at == due
    after.clock.forward(40.0)
    assert after.tags() == ["web"]


def test_probes_watch_an_adopted_program(world: FakeWorld) -> None:
    spec = with_(health=(Probe(heartbeat=5.0, grace=0.0),), restart=RestartPolicy(delay=0.0))
    started(world, spec)
    world.notices.say("web", {"WATCHDOG": "1"})
    first = world.child()

    _, after = taken_over(world, spec)
    after.clock.forward(5.0)

    assert first.exited
    assert after.child() is not first


def test_no_earlier_agent_is_mistaken_for_an_orderly_one(world: FakeWorld) -> None:
    keeper = started(world)
    keeper.entry = replace(keeper.entry, resume=True)
    keeper.write_down()

    keeper, _ = taken_over(world)

    assert keeper.entry.resume is False
