"""One instance, kept in a world of fakes: what the machine decides is carried out, and in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from svcctl.engine import journal
from svcctl.engine.keeper import Keeper, ending_text
from svcctl.engine.life import Phase, Told
from svcctl.errors import CannotSpawn
from svcctl.events import (
    HookFailed,
    InstanceExited,
    InstanceSpawned,
    PhaseChanged,
    ReloadDone,
    RunSkipped,
    TreeKilled,
)
from svcctl.ports import Child, Exit, Launch, Member
from svcctl.spec.policy import (
    Hooks,
    Overlap,
    ReloadPolicy,
    RestartPolicy,
    Schedule,
    StopPolicy,
    StopStep,
    StopTree,
)
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]
SPEC = ServiceSpec(
    name="web",
    exec=("web", "--serve"),
    restart=RestartPolicy(delay=1.0, factor=2.0, jitter=0.0, max=3),
    stop=StopPolicy(timeout=5.0),
)


def kept(world: FakeWorld, spec: ServiceSpec = SPEC) -> Keeper:
    return Keeper(
        spec, number=1, revision="r1", world=world.ports, await_needs=lambda _: pytest.fail("needs")
    )


def started(world: FakeWorld, spec: ServiceSpec = SPEC) -> Keeper:
    keeper = kept(world, spec)
    keeper.tell(Told.START)
    return keeper


def with_(**changes: object) -> ServiceSpec:
    return replace(SPEC, **changes)  # type: ignore[arg-type]


def journalled(world: FakeWorld, name: str = "web") -> journal.Entry:
    return journal.from_document(dict(world.store.items(journal.KIND))[name])


def phases(world: FakeWorld) -> list[str]:
    return [event.new for event in world.bus.events if isinstance(event, PhaseChanged)]


# --- up


def test_a_start_runs_the_program_and_says_so(world: FakeWorld) -> None:
    keeper = started(world)

    assert world.child().launch.argv == ("web", "--serve")
    assert keeper.state.phase is Phase.RUNNING
    assert [type(event) for event in world.bus.events] == [
        PhaseChanged,
        InstanceSpawned,
        PhaseChanged,
    ]


def test_the_token_is_written_down_before_the_program_is_started(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn, seen = world.spawner.spawn, []

    def look_first(launch: Launch) -> Child:
        seen.append((journalled(world), launch.token))
        return spawn(launch)

    monkeypatch.setattr(world.spawner, "spawn", look_first)
    started(world)

    ((entry, token),) = seen
    assert entry.token == token
    assert entry.identity is None
    assert entry.state.phase is Phase.STARTING
    assert journalled(world).identity == world.child().identity


def test_nothing_is_written_down_twice(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = started(world)
    monkeypatch.setattr(world.store, "put", lambda *_: pytest.fail("written again"))

    keeper.tell(Told.READY)


def test_a_start_of_what_runs_changes_nothing(world: FakeWorld) -> None:
    keeper = started(world)

    keeper.tell(Told.START)

    assert world.tags() == ["web"]


def test_a_refused_spawn_is_tried_again_later(world: FakeWorld) -> None:
    world.spawner.refusals.append(CannotSpawn("no memory"))
    keeper = started(world)
    assert (keeper.state.phase, keeper.state.reason) == (Phase.BACKOFF, "no memory")

    world.clock.forward(1.0)

    assert keeper.state.phase is Phase.RUNNING


def test_a_spawn_that_can_never_succeed_is_not_tried_again(world: FakeWorld) -> None:
    world.spawner.refusals.append(CannotSpawn("no such program", permanent=True))
    keeper = started(world)

    world.clock.forward(1000.0)

    assert keeper.state.phase is Phase.FAILED
    assert world.tags() == []


# --- crash and backoff


def test_a_crash_is_followed_by_a_wait_and_a_start(world: FakeWorld) -> None:
    keeper = started(world)

    world.child().exit(1)
    world.clock.forward(0.9)
    assert (keeper.state.phase, world.tags()) == (Phase.BACKOFF, [])
    world.clock.forward(0.1)

    assert (keeper.state.phase, world.tags()) == (Phase.RUNNING, ["web"])
    assert keeper.state.restarts == 1


def test_each_wait_is_twice_as_long_until_it_gives_up(world: FakeWorld) -> None:
    keeper = started(world)

    for wait in (1.0, 2.0, 4.0):
        world.child().exit(1)
        assert keeper.state.delay == wait
        world.clock.forward(wait)
    world.child().exit(1)

    assert keeper.state.phase is Phase.FAILED
    assert keeper.state.reason == "gave up after 4 failures; the last: exit code 1"


def test_how_the_program_ended_is_told_and_written_down(world: FakeWorld) -> None:
    keeper = started(world)
    pid = world.child().identity.pid

    world.clock.forward(7.0)
    world.child().exit(signal="SEGV")

    (told,) = [event for event in world.bus.events if isinstance(event, InstanceExited)]
    assert (told.pid, told.code, told.signal, told.uptime) == (pid, None, "SEGV", 7.0)
    assert keeper.entry.exit_signal == journalled(world).exit_signal == "SEGV"
    assert journalled(world).identity is None


def test_what_a_crash_leaves_behind_is_killed_before_the_next_start(world: FakeWorld) -> None:
    keeper = started(world, with_(restart=replace(SPEC.restart, delay=0.0)))
    child = world.child()
    child.leftover.append(Member(pid=77, name="worker"))

    child.exit(1)
    assert child.leftover
    world.clock.forward()

    assert keeper.state.phase is Phase.RUNNING
    assert [e.killed for e in world.bus.events if isinstance(e, TreeKilled)] == [("77 worker",)]
    assert child.closed


def test_a_stop_while_it_waits_to_start_again_is_a_stop(world: FakeWorld) -> None:
    keeper = started(world)
    world.child().exit(1)

    keeper.tell(Told.STOP)
    world.clock.forward(1000.0)

    assert keeper.state.phase is Phase.STOPPED
    assert world.tags() == []


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Exit(code=3), "exit code 3"),
        (Exit(signal="KILL"), "killed by signal KILL"),
        (Exit(), "exit status unknown"),
    ],
)
def test_an_end_is_said_in_words(end: Exit, text: str) -> None:
    assert ending_text(end) == text


# --- down


def test_a_stop_asks_the_program(world: FakeWorld) -> None:
    keeper = started(world)
    child = world.child()

    keeper.tell(Told.STOP)
    assert child.exited is None
    world.clock.forward()

    assert (child.signals, keeper.state.phase) == (["TERM"], Phase.STOPPED)
    assert world.clock.next_at is None


def test_who_does_not_stop_when_asked_is_killed(world: FakeWorld) -> None:
    keeper = started(world)
    world.child().dies_of = {"KILL"}

    keeper.tell(Told.STOP)
    world.clock.forward(4.9)
    assert world.tags() == ["web"]
    world.clock.forward(0.2)

    assert keeper.state.phase is Phase.STOPPED
    assert [e.killed for e in world.bus.events if isinstance(e, TreeKilled)] == [("1001 web",)]


def test_the_steps_of_a_stop_are_taken_in_turn(world: FakeWorld) -> None:
    steps = (StopStep(signal="HUP", timeout=1.0), StopStep(signal="INT", timeout=2.0))
    keeper = started(world, with_(stop=StopPolicy(sequence=steps)))
    child = world.child()
    child.dies_of = {"KILL"}

    keeper.tell(Told.STOP)
    world.clock.forward(0.9)
    assert child.signals == ["HUP"]
    world.clock.forward(2.0)
    assert child.signals == ["HUP", "INT"]
    world.clock.forward(0.2)

    assert keeper.state.phase is Phase.STOPPED


def test_with_the_group_everyone_is_asked(world: FakeWorld) -> None:
    keeper = started(world, with_(stop=StopPolicy(tree=StopTree.GROUP)))
    child = world.child()

    keeper.tell(Told.STOP)

    assert child.signals == ["*TERM"]


def test_with_main_alone_nobody_else_is_touched(world: FakeWorld) -> None:
    keeper = started(world, with_(stop=StopPolicy(tree=StopTree.MAIN)))
    child = world.child()
    child.leftover.append(Member(pid=77, name="worker"))

    keeper.tell(Told.STOP)
    world.clock.forward(60.0)

    assert keeper.state.phase is Phase.STOPPED
    assert child.members() == (Member(pid=77, name="worker"),)


def test_what_a_patient_stop_leaves_gets_its_time(world: FakeWorld) -> None:
    keeper = started(world, with_(stop=StopPolicy(tree=StopTree.GROUP, timeout=5.0)))
    child = world.child()

    child.leftover.append(Member(pid=77, name="worker"))
    child.dies_of = {"KILL"}
    keeper.tell(Told.STOP)
    child.exit(0)
    world.clock.forward(4.0)
    assert child.leftover
    world.clock.forward(1.0)

    assert not child.leftover
    assert keeper.state.phase is Phase.STOPPED


def test_a_restart_stops_and_starts(world: FakeWorld) -> None:
    keeper = started(world)
    first = world.child()

    keeper.tell(Told.RESTART)
    world.clock.forward()

    assert world.child() is not first
    assert keeper.state.phase is Phase.RUNNING


# --- pause


def test_a_pause_freezes_and_a_resume_thaws(world: FakeWorld) -> None:
    keeper = started(world)

    keeper.tell(Told.PAUSE)
    assert (keeper.state.phase, world.child().frozen) == (Phase.PAUSED, True)
    keeper.tell(Told.RESUME)

    assert (keeper.state.phase, world.child().frozen) == (Phase.RUNNING, False)


def test_what_is_frozen_is_thawed_before_it_is_asked_to_stop(world: FakeWorld) -> None:
    keeper = started(world)
    child = world.child()
    keeper.tell(Told.PAUSE)

    keeper.tell(Told.STOP)

    assert (child.frozen, child.signals) == (False, ["TERM"])


# --- hooks


async def test_hooks_come_in_order_around_the_program(world: FakeWorld, turns: Turns) -> None:
    hook = Hooks(
        pre_start=(("one",), ("two",)),
        post_start=(("three",),),
        pre_stop=(("four",),),
        post_stop=(("five",),),
    )
    keeper = started(world, with_(hook=hook))

    for tag in ("web:pre_start", "web:pre_start", "web:post_start"):
        await turns()
        world.child(tag).exit(0)
    await turns()
    keeper.tell(Told.STOP)
    await turns()
    assert world.child("web:pre_stop").launch.env["MAINPID"] == str(world.child().identity.pid)
    world.child("web:pre_stop").exit(0)
    await turns()
    world.clock.forward()
    await turns()
    world.child("web:post_stop").exit(0)
    await turns()

    assert keeper.state.phase is Phase.STOPPED
    argv = [launch.argv[0] for launch in world.spawner.launches]
    assert argv == ["one", "two", "web", "three", "four", "five"]


async def test_a_failed_hook_before_the_start_prevents_it(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, with_(hook=Hooks(pre_start=(("migrate",),))))
    await turns()

    world.child("web:pre_start").exit(2)
    await turns()

    assert keeper.state.phase is Phase.BACKOFF
    (told,) = [event for event in world.bus.events if isinstance(event, HookFailed)]
    assert (told.hook, told.problem) == (
        "pre_start",
        "pre_start command 'migrate' ended with exit code 2",
    )


async def test_a_hook_that_takes_too_long_is_killed(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, with_(hook=Hooks(pre_start=(("migrate",),), timeout=30.0)))
    await turns()

    world.clock.forward(30.0)
    await turns()
    world.clock.forward()
    await turns()

    assert world.tags() == []
    assert "took longer than 30s" in keeper.state.reason


async def test_a_hook_after_the_start_that_fails_stops_nothing(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = started(world, with_(hook=Hooks(post_start=(("warm",),))))
    await turns()

    world.child("web:post_start").exit(1)
    await turns()

    assert keeper.state.phase is Phase.RUNNING
    assert any(isinstance(event, HookFailed) for event in world.bus.events)


async def test_a_stop_kills_the_hook_that_runs(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, with_(hook=Hooks(pre_start=(("migrate",),))))
    await turns()

    keeper.tell(Told.STOP)
    await turns()
    world.clock.forward()
    await turns()

    assert (keeper.state.phase, world.tags()) == (Phase.STOPPED, [])


async def test_the_last_hook_is_told_how_it_ended(world: FakeWorld, turns: Turns) -> None:
    started(world, with_(hook=Hooks(post_stop=(("report",),))))

    world.child().exit(3)
    await turns()

    hook = world.child("web:post_stop")
    hook.exit(0)
    await turns()
    env = hook.launch.env
    assert (env["SVC_RESULT"], env["SVC_EXIT"]) == ("failure", "3")


async def test_a_command_that_cannot_ask_it_to_stop_is_followed_by_the_next_step(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = started(world, with_(stop=StopPolicy(exec=("ask",), timeout=60.0)))
    main = world.child()

    keeper.tell(Told.STOP)
    await turns()
    world.child("web:stop").exit(1)
    await turns()

    assert main.signals == ["TERM"]


# --- reload


async def test_a_reload_sends_the_signal(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, with_(reload=ReloadPolicy(signal="HUP")))

    keeper.tell(Told.RELOAD)
    await turns()

    assert world.child().signals == ["HUP"]
    assert any(isinstance(e, ReloadDone) and e.how == "signal HUP" for e in world.bus.events)


async def test_a_reload_command_that_fails_is_told(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, with_(reload=ReloadPolicy(exec=("reload",))))

    keeper.tell(Told.RELOAD)
    await turns()
    world.child("web:reload").exit(1)
    await turns()

    assert await keeper.program.reloaded() == "reload command 'reload' ended with exit code 1"
    assert keeper.state.phase is Phase.RUNNING


def test_a_reload_of_what_cannot_reload_is_a_restart(world: FakeWorld) -> None:
    keeper = started(world)
    first = world.child()

    keeper.tell(Told.RELOAD)
    world.clock.forward()

    assert world.child() is not first


# --- time limits


def test_who_asks_for_more_time_to_start_gets_it(world: FakeWorld) -> None:
    keeper = started(world, with_(ready="notify", ready_timeout=10.0))

    world.clock.forward(9.0)
    world.notices.say("web", {"EXTEND_TIMEOUT_USEC": "20000000"})
    world.clock.forward(19.0)
    assert keeper.state.phase is Phase.STARTING
    world.clock.forward(1.0)

    assert keeper.state.phase is not Phase.STARTING


def test_who_asks_for_less_time_than_is_left_loses_none(world: FakeWorld) -> None:
    keeper = started(world, with_(ready="notify", ready_timeout=10.0))

    world.notices.say("web", {"EXTEND_TIMEOUT_USEC": "1000000"})
    world.clock.forward(9.0)

    assert keeper.state.phase is Phase.STARTING


def test_who_asks_for_more_time_while_it_runs_is_given_no_timer(world: FakeWorld) -> None:
    started(world, with_(ready="notify"))
    world.notices.say("web", {"READY": "1"})

    world.notices.say("web", {"EXTEND_TIMEOUT_USEC": "20000000"})

    assert world.clock.next_at is None


def test_who_is_not_ready_in_time_is_stopped_and_tried_again(world: FakeWorld) -> None:
    keeper = started(world, with_(ready="notify", ready_timeout=10.0))

    world.clock.forward(10.0)

    assert keeper.state.phase is Phase.BACKOFF
    assert keeper.state.reason == "not ready in time"


# --- schedule


def scheduled(overlap: Overlap = Overlap.SKIP) -> ServiceSpec:
    return with_(schedule=Schedule(every=60.0, overlap=overlap))


def test_an_armed_schedule_starts_the_program_when_it_is_due(world: FakeWorld) -> None:
    keeper = kept(world, scheduled())

    keeper.tell(Told.ARM)
    assert keeper.next_at == world.clock.now() + 60
    world.clock.forward(60.0)

    assert world.tags() == ["web"]


def test_runs_come_at_their_times_without_drift(world: FakeWorld) -> None:
    keeper = kept(world, scheduled())
    keeper.tell(Told.ARM)
    begun = world.clock.now()

    for number in range(1, 6):
        world.clock.forward(begun + 60 * number - world.clock.now())
        assert world.tags() == ["web"]
        world.clock.forward(13.0)
        world.child().exit(0)

    assert keeper.next_at == begun + 360


def test_a_run_that_is_due_while_the_last_one_runs_is_skipped(world: FakeWorld) -> None:
    keeper = kept(world, scheduled())
    keeper.tell(Told.ARM)

    world.clock.forward(120.0)

    assert world.tags() == ["web"]
    assert any(isinstance(event, RunSkipped) for event in world.bus.events)
    assert keeper.next_at == world.clock.now() + 60


def test_a_run_that_is_due_meanwhile_may_follow(world: FakeWorld) -> None:
    keeper = kept(world, scheduled(Overlap.QUEUE))
    keeper.tell(Told.ARM)
    world.clock.forward(120.0)

    world.child().exit(0)

    assert world.tags() == ["web"]
    assert len(world.spawner.children) == 2


def test_a_run_that_is_due_meanwhile_may_take_its_place(world: FakeWorld) -> None:
    keeper = kept(world, scheduled(Overlap.REPLACE))
    keeper.tell(Told.ARM)
    world.clock.forward(60.0)
    first = world.child()

    world.clock.forward(60.0)

    assert first.exited
    assert world.tags() == ["web"]


def test_a_stop_ends_the_schedule(world: FakeWorld) -> None:
    keeper = kept(world, scheduled())
    keeper.tell(Told.ARM)

    keeper.tell(Told.STOP)
    world.clock.forward(1000.0)

    assert (keeper.next_at, world.tags()) == (None, [])


# --- letting go


def test_to_close_touches_no_program(world: FakeWorld) -> None:
    keeper = started(world)
    child = world.child()

    keeper.close()

    assert child.exited is None
    assert child.closed
    assert world.sinks["web"].closed
    assert world.clock.next_at is None
    assert journalled(world).identity == child.identity


def test_to_discard_leaves_no_trace(world: FakeWorld) -> None:
    keeper = kept(world)
    keeper.tell(Told.START)
    keeper.tell(Told.STOP)
    world.clock.forward()

    keeper.discard()

    assert world.store.items(journal.KIND) == []


def test_a_changed_definition_is_written_down_and_taken_over(world: FakeWorld) -> None:
    keeper = started(world)

    keeper.respec(with_(stop=StopPolicy(signal="INT")), "r2")
    child = world.child()
    keeper.tell(Told.STOP)

    assert child.signals == ["INT"]
    assert journalled(world).revision == "r2"


def test_a_changed_schedule_counts_at_once(world: FakeWorld) -> None:
    keeper = kept(world, scheduled())
    keeper.tell(Told.ARM)

    keeper.respec(with_(schedule=Schedule(every=10.0)), "r2")

    assert keeper.next_at == world.clock.now() + 10


def test_use_is_measured_only_while_there_is_a_program(world: FakeWorld) -> None:
    keeper = kept(world)
    assert keeper.usage() is None

    keeper.tell(Told.START)
    world.child().memory_bytes = 42
    usage = keeper.usage()

    assert usage is not None
    assert usage.memory_bytes == 42
