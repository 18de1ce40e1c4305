"""How an instance is found to be ready, alive and within its limits, and what follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.engine.probing import probe_name
from svcctl.errors import SystemFault
from svcctl.events import MemoryExceeded, ProbeFailed, ProbePassed, StatusReported
from svcctl.spec.policy import Limits, OnChange, ReloadPolicy, RestartPolicy
from svcctl.spec.probe import OnFail, Probe, Purpose
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]
AT_ONCE = RestartPolicy(delay=0.0, jitter=0.0)
GIGABYTE = 2**30


def started(world: FakeWorld, **changes: object) -> Keeper:
    spec = ServiceSpec(name="web", exec=("web",), restart=AT_ONCE, **changes)  # type: ignore[arg-type]
    keeper = Keeper(
        spec, number=1, revision="r", world=world.ports, await_needs=lambda _: pytest.fail("needs")
    )
    keeper.tell(Told.START)
    return keeper


def phase(keeper: Keeper) -> Phase:
    return keeper.state.phase


async def check(world: FakeWorld, turns: Turns, *codes: int, every: float = 10.0) -> None:
    """Let the exec probe be due once for each of *codes*, and end with it."""
    for code in codes:
        world.clock.forward(every)
        await turns()
        world.child("web:probe").exit(code)
        await turns()


# --- ready


def test_who_cannot_be_heard_now_is_started_once_that_can_be(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> tuple[str, Callable[[], None]]:
        raise SystemFault("no socket for notices")

    with monkeypatch.context() as full:
        full.setattr(world.ports.notices, "listen", no_room)
        keeper = started(world, ready="notify")
        assert phase(keeper) is Phase.FAILED
        assert keeper.state.reason.endswith("no socket for notices")

    keeper.tell(Told.START)

    assert phase(keeper) is Phase.STARTING
    assert "NOTIFY_SOCKET" in world.child().launch.env


def test_by_default_what_was_started_is_ready(world: FakeWorld) -> None:
    keeper = started(world)

    assert phase(keeper) is Phase.RUNNING
    assert keeper.vitals.probing.ready


def test_a_delay_is_waited_for(world: FakeWorld) -> None:
    keeper = started(world, ready="delay:2s")

    world.clock.forward(1.9)
    assert phase(keeper) is Phase.STARTING
    world.clock.forward(0.1)

    assert phase(keeper) is Phase.RUNNING


def test_a_notice_is_waited_for_and_no_other_is_it(world: FakeWorld) -> None:
    keeper = started(world, ready="notify")
    assert world.child().launch.env["NOTIFY_SOCKET"] == "/fake/web.sock"

    world.notices.say("web", {"READY": "0"})
    world.notices.say("web", {"STATUS": "loading"})
    assert phase(keeper) is Phase.STARTING
    world.notices.say("web", {"READY": "1"})

    assert phase(keeper) is Phase.RUNNING


def test_a_line_in_the_log_is_waited_for(world: FakeWorld) -> None:
    keeper = started(world, ready="log:listening on [0-9]+")

    world.sinks["web"].log("listening on nothing")
    assert phase(keeper) is Phase.STARTING
    world.sinks["web"].log("now listening on 80")

    assert phase(keeper) is Phase.RUNNING


def test_all_that_is_waited_for_must_come_about(world: FakeWorld) -> None:
    keeper = started(world, ready="notify", health=(Probe(log="warm", purpose=Purpose.STARTUP),))

    world.notices.say("web", {"READY": "1"})
    assert phase(keeper) is Phase.STARTING
    world.sinks["web"].log("warm")

    assert phase(keeper) is Phase.RUNNING


async def test_a_probe_that_fails_at_first_is_looked_at_often(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = started(world, ready="health", health=(Probe(exec=("check",), purpose=Purpose.READY),))

    await check(world, turns, 1, every=0.0)
    await check(world, turns, 1, every=0.05)
    assert phase(keeper) is Phase.STARTING
    await check(world, turns, 0, every=0.1)

    assert phase(keeper) is Phase.RUNNING
    kinds = [type(each) for each in world.bus.events if isinstance(each, ProbeFailed | ProbePassed)]
    assert kinds == [ProbePassed]
    keeper.close()


async def test_how_long_a_check_took_is_told_beside_its_verdict(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = started(world, health=(Probe(exec=("check",), fails=3, grace=0.0, interval=10.0),))
    (before,) = keeper.vitals.probing.looked
    world.clock.forward(10.0)
    await turns()

    world.clock.forward(0.25)
    world.child("web:probe").exit(0)
    await turns()

    (after,) = keeper.vitals.probing.looked
    assert (before.good, before.seconds) == (None, None)
    assert (after.probe, after.purpose) == ("exec check", "live")
    assert (after.good, after.seconds) == (True, 0.25)
    keeper.close()


def test_a_run_begins_with_no_verdict_of_the_last_one(world: FakeWorld) -> None:
    keeper = started(world, ready="log:up")
    world.sinks["web"].log("up")

    world.child().exit(1)

    assert phase(keeper) is Phase.STARTING


# --- alive


async def test_too_many_failures_in_a_row_are_followed_by_a_restart(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = started(world, health=(Probe(exec=("check",), fails=3, grace=0.0),))
    first = world.child()

    await check(world, turns, 0, 1, 1)
    assert keeper.vitals.probing.live is True
    await check(world, turns, 1)
    world.clock.forward()

    assert first.exited
    assert world.child() is not first
    (told,) = [event for event in world.bus.events if isinstance(event, ProbeFailed)]
    assert (told.probe, told.purpose) == ("exec check", "live")
    assert told.problem == "probe command 'check' ended with exit code 1"
    keeper.close()


async def test_failures_in_the_grace_time_do_not_count(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, health=(Probe(exec=("check",), fails=1, grace=25.0),))
    first = world.child()

    await check(world, turns, 1, 1)
    assert keeper.vitals.probing.live is None
    await check(world, turns, 1)
    world.clock.forward()

    assert first.exited
    keeper.close()


@pytest.mark.parametrize("on_fail", [OnFail.ALERT, OnFail.NONE])
async def test_a_failure_that_is_only_to_be_told_restarts_nothing(
    world: FakeWorld, turns: Turns, on_fail: OnFail
) -> None:
    probe = Probe(exec=("check",), fails=1, grace=0.0, on_fail=on_fail)
    keeper = started(world, health=(probe,))

    await check(world, turns, 1)

    assert phase(keeper) is Phase.RUNNING
    assert keeper.vitals.probing.live is False
    keeper.close()


async def test_who_is_not_ready_for_a_while_is_not_restarted(
    world: FakeWorld, turns: Turns
) -> None:
    probe = Probe(exec=("check",), purpose=Purpose.READY, fails=1)
    keeper = started(world, health=(probe,))
    await check(world, turns, 0, every=0.0)
    assert keeper.vitals.probing.ready

    await check(world, turns, 1)
    assert (phase(keeper), keeper.vitals.probing.ready) == (Phase.RUNNING, False)
    await check(world, turns, 0)

    assert keeper.vitals.probing.ready
    keeper.close()


def test_a_silent_heart_is_followed_by_a_restart(world: FakeWorld) -> None:
    keeper = started(world, health=(Probe(heartbeat=5.0, grace=0.0),))
    first = world.child()
    assert first.launch.env["WATCHDOG_USEC"] == "5000000"

    for _ in range(3):
        world.clock.forward(4.9)
        world.notices.say("web", {"WATCHDOG": "1"})
    assert keeper.vitals.probing.healthy
    world.clock.forward(5.0)

    assert first.exited
    assert any(isinstance(e, ProbeFailed) and e.probe == "heartbeat 5s" for e in world.bus.events)


def test_the_strictest_heartbeat_is_the_one_a_program_is_told(world: FakeWorld) -> None:
    started(world, health=(Probe(heartbeat=5.0), Probe(heartbeat=2.5)))

    assert world.child().launch.env["WATCHDOG_USEC"] == "2500000"


def test_a_fatal_line_is_followed_by_a_restart(world: FakeWorld) -> None:
    keeper = started(world, health=(Probe(log="out of memory"),))
    first = world.child()

    world.sinks["web"].log("fine", "out of memory in thread 3")
    world.clock.forward()

    assert world.child() is not first
    assert keeper.state.restarts == 1


def test_what_is_stopped_is_not_probed(world: FakeWorld) -> None:
    keeper = started(world, health=(Probe(exec=("check",)), Probe(heartbeat=5.0)))

    keeper.tell(Told.STOP)
    world.clock.forward(1000.0)

    assert phase(keeper) is Phase.STOPPED
    assert world.clock.next_at is None


def test_what_is_paused_is_not_probed(world: FakeWorld) -> None:
    keeper = started(world, health=(Probe(heartbeat=5.0, grace=0.0),))

    keeper.tell(Told.PAUSE)
    world.clock.forward(1000.0)

    assert phase(keeper) is Phase.PAUSED


def test_healthy_is_who_was_found_so_by_every_probe(world: FakeWorld) -> None:
    keeper = started(world, health=(Probe(heartbeat=5.0), Probe(log="fatal")))

    world.notices.say("web", {"WATCHDOG": "1"})

    assert keeper.vitals.probing.live is None
    assert not keeper.vitals.probing.healthy


def test_without_a_probe_nothing_speaks_against_it(world: FakeWorld) -> None:
    keeper = started(world)

    assert keeper.vitals.probing.healthy
    assert keeper.vitals.probing.live is None


def test_new_probes_of_a_new_definition_count_at_once(world: FakeWorld) -> None:
    keeper = started(world)
    spec = ServiceSpec(name="web", exec=("web",), restart=AT_ONCE, health=(Probe(log="fatal"),))
    first = world.child()

    keeper.respec(spec, "r2")
    world.sinks["web"].log("fatal")
    world.clock.forward()

    assert first.exited


# --- what a program says


def test_a_status_is_told_once(world: FakeWorld) -> None:
    keeper = started(world, ready="notify")

    for text in ("loading", "loading", "serving"):
        world.notices.say("web", {"STATUS": text})

    told = [event.text for event in world.bus.events if isinstance(event, StatusReported)]
    assert told == ["loading", "serving"]
    assert keeper.vitals.hearing.text == "serving"


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "²", "9" * 5000])
def test_no_number_in_a_notice_can_hurt(world: FakeWorld, text: str) -> None:
    keeper = started(world, ready="notify")

    world.notices.say("web", {"MAINPID": text, "EXTEND_TIMEOUT_USEC": text, "WATCHDOG_USEC": text})
    world.notices.say("web", {"READY": "1", "FDSTORE": "1"})

    assert phase(keeper) is Phase.RUNNING


def test_nobody_listens_where_no_notice_is_expected(world: FakeWorld) -> None:
    keeper = started(world)

    world.notices.say("web", {"STATUS": "hello"})

    assert "NOTIFY_SOCKET" not in world.child().launch.env
    assert keeper.vitals.hearing.text == ""


def test_nobody_listens_any_more_once_it_is_closed(world: FakeWorld) -> None:
    keeper = started(world, ready="notify")

    keeper.close()
    world.notices.say("web", {"STATUS": "hello"})

    assert keeper.vitals.hearing.text == ""


# --- memory


def limited(world: FakeWorld) -> Keeper:
    return started(world, limits=Limits(memory_restart=GIGABYTE))


def test_three_samples_above_the_limit_are_followed_by_a_restart(world: FakeWorld) -> None:
    keeper = limited(world)
    first = world.child()
    first.memory_bytes = GIGABYTE + 1

    world.clock.forward(2.9)
    assert not first.exited
    world.clock.forward(0.2)

    assert first.exited
    assert keeper.state.restarts == 1
    (told,) = [event for event in world.bus.events if isinstance(event, MemoryExceeded)]
    assert (told.memory_bytes, told.limit_bytes) == (GIGABYTE + 1, GIGABYTE)


def test_samples_above_the_limit_must_follow_each_other(world: FakeWorld) -> None:
    limited(world)
    child = world.child()

    for used in (GIGABYTE + 1, GIGABYTE + 1, GIGABYTE) * 3:
        child.memory_bytes = used
        world.clock.forward(1.0)

    assert not child.exited


def test_a_new_run_is_not_charged_with_the_memory_of_the_last(world: FakeWorld) -> None:
    limited(world)
    world.child().memory_bytes = GIGABYTE + 1
    world.clock.forward(2.0)
    world.child().exit(1)
    second = world.child()
    second.memory_bytes = GIGABYTE + 1

    world.clock.forward(2.0)

    assert not second.exited


# --- files


def test_files_that_change_are_one_reload_once_they_rest(world: FakeWorld) -> None:
    policy = ReloadPolicy(watch=("*.toml",), on_change=OnChange.RESTART, debounce=0.5)
    started(world, reload=policy)
    first = world.child()

    for _ in range(5):
        world.files.change("*.toml", "/etc/web.toml")
        world.clock.forward(0.4)
    assert not first.exited
    world.clock.forward(0.1)

    assert first.exited
    assert [child.launch.tag for child in world.spawner.children] == ["web", "web"]


async def test_files_that_change_reload_what_can(world: FakeWorld, turns: Turns) -> None:
    started(world, reload=ReloadPolicy(watch=("*.toml",), signal="HUP", debounce=0.5))

    world.files.change("*.toml", "/etc/web.toml")
    world.clock.forward(0.5)
    await turns()

    assert world.child().signals == ["HUP"]


def test_files_that_change_after_a_stop_start_nothing(world: FakeWorld) -> None:
    policy = ReloadPolicy(watch=("*.toml",), on_change=OnChange.RESTART, debounce=0.5)
    keeper = started(world, reload=policy)

    world.files.change("*.toml", "/etc/web.toml")
    keeper.tell(Told.STOP)
    world.files.change("*.toml", "/etc/web.toml")
    world.clock.forward(10.0)

    assert phase(keeper) is Phase.STOPPED


# --- names


@pytest.mark.parametrize(
    ("probe", "name"),
    [
        (Probe(http="http://x/"), "http http://x/"),
        (Probe(tcp="x:1"), "tcp x:1"),
        (Probe(http="http://me:pw1@x/?token=t0p&a=b"), "http http://***@x/?token=***&a=b"),
        (Probe(exec=("a", "b")), "exec a b"),
        (Probe(exec=("a", "--password", "x", "-k=y")), "exec a --password *** -k=y"),
        (Probe(heartbeat=2.5), "heartbeat 2.5s"),
        (Probe(log="up"), "log up"),
    ],
)
def test_a_probe_is_called_by_what_it_looks_at(probe: Probe, name: str) -> None:
    assert probe_name(probe) == name
