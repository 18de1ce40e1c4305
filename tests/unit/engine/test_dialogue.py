"""A program that takes requests pauses, resumes and reloads itself, or says why it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from svcctl.contact import ENDPOINT
from svcctl.engine import journal
from svcctl.engine.dialogue import down, rejection
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.errors import Conflict, TimedOut
from svcctl.events import HookFailed, ProbeFailed, ReloadDone
from svcctl.spec.policy import Hooks, ReloadPolicy
from svcctl.spec.probe import Probe, Purpose
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]
PLACE = "/run/e/mailer.sock"
SPEC = ServiceSpec(name="mailer", exec=("mailer",), ready="notify")


def living(world: FakeWorld, spec: ServiceSpec = SPEC, *, uid: int = 0) -> Keeper:
    """Give a keeper whose program runs, and has said where it takes requests."""
    keeper = Keeper(
        spec, number=1, revision="r1", world=world.ports, await_needs=lambda _: pytest.fail("needs")
    )
    keeper.tell(Told.START)
    world.notices.say("mailer", {ENDPOINT: PLACE, "STATUS": "warming up"}, uid=uid)
    world.notices.say("mailer", {"READY": "1"})
    assert keeper.state.phase is Phase.RUNNING
    return keeper


def verbs(world: FakeWorld) -> list[str]:
    return [verb for _, verb, _ in world.programs.asked]


def problems(world: FakeWorld) -> list[tuple[str, str]]:
    found = [each for each in world.bus.events if isinstance(each, HookFailed)]
    return [(each.hook, each.problem) for each in found]


async def test_it_pauses_and_resumes_itself(world: FakeWorld, turns: Turns) -> None:
    world.programs.answers = {"pause": {"phase": "paused"}, "resume": {"phase": "running"}}
    keeper = living(world)

    keeper.tell(Told.PAUSE)
    await turns()

    assert (keeper.state.phase, world.child("mailer").frozen) == (Phase.PAUSED, False)

    keeper.tell(Told.RESUME)
    await turns()

    assert (keeper.state.phase, keeper.state.ready) == (Phase.RUNNING, True)
    assert world.programs.asked == [(PLACE, "pause", {}), (PLACE, "resume", {})]


async def test_it_is_not_paused_before_it_says_so(world: FakeWorld, turns: Turns) -> None:
    world.programs.answers = {"pause": asyncio.Event()}
    keeper = living(world)

    keeper.tell(Told.PAUSE)
    await turns()

    assert keeper.state.phase is Phase.PAUSING


async def test_one_that_refuses_to_pause_runs_on_and_says_why(
    world: FakeWorld, turns: Turns
) -> None:
    world.programs.answers = {"pause": Conflict("on_pause failed: ValueError: half sent")}
    keeper = living(world)

    keeper.tell(Told.PAUSE)
    await turns()

    said = "it does not pause: on_pause failed: ValueError: half sent"
    assert (keeper.state.phase, keeper.state.ready) == (Phase.RUNNING, True)
    assert (keeper.state.reason, problems(world)) == (said, [("on_pause", said)])
    assert not world.child("mailer").frozen


async def test_one_that_does_not_pause_in_time_is_told_to_go_on(
    world: FakeWorld, turns: Turns
) -> None:
    world.programs.answers = {"pause": TimedOut("no answer within 30s"), "resume": {}}
    keeper = living(world)

    keeper.tell(Told.PAUSE)
    await turns()

    assert (keeper.state.phase, verbs(world)) == (Phase.RUNNING, ["pause", "resume"])


async def test_one_that_does_not_resume_stays_paused(world: FakeWorld, turns: Turns) -> None:
    world.programs.answers = {"pause": {}, "resume": Conflict("not yet")}
    keeper = living(world)
    keeper.tell(Told.PAUSE)
    await turns()

    keeper.tell(Told.RESUME)
    await turns()

    assert keeper.state.phase is Phase.PAUSED
    assert keeper.state.reason == "it does not resume: not yet"


async def test_one_that_paused_itself_is_stopped_without_a_word(
    world: FakeWorld, turns: Turns
) -> None:
    world.programs.answers = {"pause": {}}
    keeper = living(world)
    keeper.tell(Told.PAUSE)
    await turns()

    keeper.tell(Told.STOP)
    await turns()

    assert (world.child("mailer").signals, verbs(world)) == (["TERM"], ["pause"])


async def test_a_hook_of_the_definition_comes_first(world: FakeWorld, turns: Turns) -> None:
    keeper = living(world, replace(SPEC, hook=Hooks(pause=("stand", "still"))))

    keeper.tell(Told.PAUSE)
    await turns()
    world.child("mailer:pause").exit(0)
    await turns()

    assert (verbs(world), keeper.state.phase) == ([], Phase.PAUSED)


async def test_it_is_asked_to_reload_whatever_its_definition_says(
    world: FakeWorld, turns: Turns
) -> None:
    world.programs.answers = {"reload": {"verdict": "applied", "mistakes": []}}
    keeper = living(world, replace(SPEC, reload=ReloadPolicy(signal="HUP")))

    keeper.tell(Told.RELOAD)

    assert await keeper.program.reloaded() == ""
    assert (world.child("mailer").signals, verbs(world)) == ([], ["reload"])
    (done,) = [each for each in world.bus.events if isinstance(each, ReloadDone)]
    assert done.how == "request"
    await turns()


async def test_one_that_can_reload_itself_is_not_restarted_for_it(
    world: FakeWorld, turns: Turns
) -> None:
    world.programs.answers = {"reload": {"verdict": "unchanged"}}
    keeper = living(world)

    keeper.tell(Told.RELOAD)
    await turns()

    assert (keeper.state.phase, verbs(world)) == (Phase.RUNNING, ["reload"])


async def test_a_refused_configuration_is_told_with_every_mistake(world: FakeWorld) -> None:
    mistakes = [
        {"problem": "'x' is not a number", "file": "a.toml", "line": 3, "hint": "write 3"},
        {"problem": "no option 'noise'"},
    ]
    world.programs.answers = {"reload": {"verdict": "rejected", "mistakes": mistakes}}
    keeper = living(world)

    keeper.tell(Told.RELOAD)
    problem = await keeper.program.reloaded()

    assert problem == (
        "the new configuration is refused: a.toml:3: 'x' is not a number (write 3); "
        "no option 'noise'"
    )
    assert problems(world) == [("reload", problem)]


async def test_one_that_does_not_reload_says_why(world: FakeWorld) -> None:
    world.programs.answers = {"reload": Conflict("it stops")}
    keeper = living(world)

    keeper.tell(Told.RELOAD)

    assert await keeper.program.reloaded() == "it does not reload: it stops"


@pytest.mark.parametrize("outcome", [None, "rejected", {}, {"verdict": "applied"}])
def test_what_is_no_rejection_is_none(outcome: object) -> None:
    assert rejection(outcome) == ""


def test_a_mistake_that_is_none_of_ours_is_told_as_it_stands() -> None:
    said = rejection({"verdict": "rejected", "mistakes": ["too bad"]})

    assert said == "the new configuration is refused: too bad"


@pytest.mark.parametrize("mistakes", [None, [], "noise", 3])
def test_a_rejection_without_a_word_is_still_one(mistakes: object) -> None:
    said = rejection({"verdict": "rejected", "mistakes": mistakes})

    assert said == "the new configuration is refused: it does not say why"


READY = Probe(checks=Purpose.READY, purpose=Purpose.READY, interval=1.0, fails=1)
UP = {"status": "UP", "checks": {"smtp": {"status": "UP", "details": {}}}}
DOWN = {
    "status": "DOWN",
    "checks": {
        "smtp": {"status": "DOWN", "details": {"error": "refused"}},
        "disk": {"status": "DOWN", "details": {}},
        "queue": {"status": "DEGRADED", "details": {}},
    },
}


async def test_it_is_ready_once_its_own_checks_say_so_and_not_while_they_do_not(
    world: FakeWorld, turns: Turns
) -> None:
    keeper = Keeper(
        replace(SPEC, ready="health", health=(READY,)),
        number=1,
        revision="r1",
        world=world.ports,
        await_needs=lambda _: pytest.fail("needs"),
    )
    world.programs.answers = {"health": UP}
    keeper.tell(Told.START)
    await turns()
    assert keeper.state.phase is Phase.STARTING  # it has not said where it can be asked

    world.notices.say("mailer", {ENDPOINT: PLACE})
    world.clock.forward(1.0)
    await turns()
    assert (keeper.state.phase, keeper.vitals.probing.ready) == (Phase.RUNNING, True)

    world.programs.answers = {"health": DOWN}
    world.clock.forward(1.0)
    await turns()

    assert (keeper.state.phase, keeper.vitals.probing.ready) == (Phase.RUNNING, False)
    (failed,) = [each for each in world.bus.events if isinstance(each, ProbeFailed)]
    assert (failed.probe, failed.problem) == ("checks ready", "smtp: refused; disk is DOWN")
    assert world.programs.asked[-1] == (PLACE, "health", {"group": "ready"})


@pytest.mark.parametrize(
    ("health", "problem"),
    [
        (UP, ""),
        ({"status": "DEGRADED", "checks": {}}, ""),
        ({"status": "DOWN", "checks": {}}, "it is DOWN"),
        ({"status": "DOWN", "checks": {"a": "noise"}}, "it is DOWN"),
        (None, "what it says of its health makes no sense"),
        ({"status": "UP"}, "what it says of its health makes no sense"),
    ],
)
def test_what_it_says_of_its_health_is_understood(health: object, problem: str) -> None:
    assert down(health) == problem


async def test_who_is_not_the_program_cannot_say_where_it_is(world: FakeWorld) -> None:
    keeper = living(world, uid=1234)

    assert keeper.entry.endpoint == ""


async def test_a_place_that_is_none_is_passed_over(world: FakeWorld) -> None:
    keeper = living(world)
    world.notices.say("mailer", {ENDPOINT: "relative"})

    assert keeper.entry.endpoint == PLACE


async def test_the_next_agent_still_knows_where_it_takes_requests(world: FakeWorld) -> None:
    living(world)

    written = dict(world.store.items(journal.KIND))["mailer"]

    assert journal.from_document(written).endpoint == PLACE


async def test_a_new_program_has_to_say_it_anew(world: FakeWorld, turns: Turns) -> None:
    keeper = living(world)

    keeper.tell(Told.RESTART)
    world.child("mailer").exit(0)
    await turns()

    assert keeper.entry.endpoint == ""


async def test_what_takes_no_requests_cannot_be_asked(world: FakeWorld) -> None:
    keeper = living(world, uid=1234)

    with pytest.raises(Conflict, match="'mailer' takes no requests"):
        await keeper.program.dialogue.ask("config", {}, within=1.0)
    assert "takes no requests" in await keeper.ask_checks("ready", limit=1.0)
