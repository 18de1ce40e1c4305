"""What services log is understood as it comes, told once, and told when it is over."""

from __future__ import annotations

import json

import pytest

from svcctl.app.findings import Findings
from svcctl.app.understanding.all import Understanding
from svcctl.app.understanding.allowance import Allowance
from svcctl.app.understanding.place import Place
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, FindingEnded, FindingMade, FindingRejected
from svcctl.ports import Applied, Recorded
from svcctl.spec import canonical
from svcctl.spec.detect_policy import DetectPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

_MINUTE, _HOUR = 60, 3_600
_QUICK = DetectPolicy(learning=600.0)


class MemoryShelf:
    """Keeps what is learnt in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.aside: list[str] = []

    def get(self, service: str) -> bytes | None:
        return self.kept.get(service)

    def put(self, service: str, content: bytes, *, last: bool = False) -> None:
        del last
        self.kept[service] = content

    def set_aside(self, service: str) -> None:
        self.aside.append(service)

    def delete(self, service: str) -> None:
        self.kept.pop(service, None)


class NoPast:
    """An event log in which nothing stands."""

    def append(self, event: Event) -> None:
        del event

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        del services, after, since, limit
        return []


class Agent:
    """One agent that keeps ``web``; *cost* is what the next looks at the processor's time show."""

    def __init__(self, world: FakeWorld, shelf: MemoryShelf) -> None:
        self.world, self.shelf = world, shelf
        self.cpu = self.cost = 0.0
        self.manager = AgentManager(world.ports)
        self.manager.load()
        self.findings = Findings(
            store=world.store, events=NoPast(), bus=world.bus, clock=world.clock
        )
        self.findings.begin()
        place = Place(
            clock=world.clock,
            shelf=shelf,
            told=self.findings,
            allowance=Allowance(),
            cpu=self._cpu,
        )
        self.understanding = Understanding(self.manager, place=place)
        self.understanding.begin()

    def _cpu(self) -> float:
        self.cpu += self.cost
        return self.cpu

    async def keep(self, policy: DetectPolicy = _QUICK, *, instances: int = 1) -> None:
        spec = ServiceSpec(name="web", exec=("/bin/app",), detect=policy, instances=instances)
        document = canonical.dump(spec)
        applied = Applied(name="web", spec=document, revision=canonical.revision(document))
        if "web" in self.manager.names():
            await self.manager.configure(applied)
        else:
            await self.manager.install(applied)
            self.manager.start("web")

    def log(self, *lines: str, instance: str = "web") -> None:
        self.world.sinks[instance].log(*lines)

    def serve(self, seconds: float, *, took: float = 0.02, errors: int = 0) -> None:
        """Let it serve five requests every ten seconds, *errors* of which fail."""
        for number in range(int(seconds / 10)):
            for each in range(5):
                level = "ERROR" if each < errors else "INFO"
                self.log(f"{level} served page {number * 5 + each} duration={took}s")
            self.world.clock.forward(10)

    def told(self) -> list[tuple[str, str]]:
        kinds = FindingMade | FindingEnded
        return [
            (type(each).__name__, each.pattern.split("/")[1])
            for each in self.world.bus.events
            if isinstance(each, kinds)
        ]

    def finding(self, kind: str) -> FindingMade:
        (found,) = [
            each
            for each in self.world.bus.events
            if isinstance(each, FindingMade) and each.kind == kind
        ]
        return found


@pytest.fixture
def agent(world: FakeWorld) -> Agent:
    return Agent(world, MemoryShelf())


@pytest.mark.slow
async def test_a_usual_day_is_no_news(agent: Agent) -> None:
    await agent.keep(DetectPolicy())

    agent.serve(3 * _HOUR)

    assert agent.told() == []


async def test_a_new_kind_of_line_is_told_and_over_when_it_has_not_come_for_a_while(
    agent: Agent,
) -> None:
    await agent.keep()
    agent.serve(900)

    agent.log("the disk is on fire")

    found = agent.finding("new template")
    assert (found.service, found.samples) == ("web", ("the disk is on fire",))
    assert "never seen before" in found.explanation
    agent.serve(900)
    assert agent.told() == [("FindingMade", "new template"), ("FindingEnded", "new template")]


async def test_a_service_that_falls_silent_is_told_of_until_it_is_heard(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)

    agent.world.clock.forward(600)
    assert ("FindingMade", "silence") in agent.told()

    agent.serve(300)
    told = agent.told()
    assert told.count(("FindingMade", "silence")) == told.count(("FindingEnded", "silence")) == 1
    assert told.count(("FindingMade", "drop")) == told.count(("FindingEnded", "drop"))


async def test_nothing_wakes_the_agent_once_a_silence_is_told(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)
    agent.world.clock.forward(_HOUR)
    before = agent.world.bus.events[:]

    agent.world.clock.forward(_HOUR)

    assert agent.world.bus.events == before
    later = agent.world.clock.next_at
    assert later is None or later > agent.world.clock.monotonic() + 60


async def test_a_service_that_was_stopped_is_not_silent(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)

    agent.manager.stop("web")
    agent.world.clock.forward(_HOUR)

    assert agent.told() == []


async def test_a_burst_is_told_with_its_template(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)

    agent.log(*(f"INFO served page {each} duration=0.02s" for each in range(200)))
    agent.world.clock.forward(11)

    found = agent.finding("burst")
    assert (found.observed, found.subject) == ("200 in 10 s", "INFO served page <*> duration=<*>")
    agent.serve(300)
    assert agent.told()[-1] == ("FindingEnded", "burst")


async def test_more_errors_than_the_limit_for_five_minutes_are_told_without_any_learning(
    agent: Agent,
) -> None:
    await agent.keep(DetectPolicy())

    agent.serve(290, errors=1)
    assert agent.told() == []
    agent.serve(30, errors=1)

    found = agent.finding("error ratio")
    assert found.subject == "records"
    assert found.observed.endswith("failed in 5 minutes (20.0%)")
    assert found.expected == "at most 5.0%"
    assert all("ERROR" in each for each in found.samples)
    agent.serve(360)
    assert agent.told() == [("FindingMade", "error ratio"), ("FindingEnded", "error ratio")]


async def test_an_error_now_and_then_is_none(agent: Agent) -> None:
    await agent.keep(DetectPolicy())

    for _ in range(10):
        agent.serve(90)
        agent.serve(10, errors=1)

    assert agent.told() == []


async def test_requests_that_take_too_long_for_five_minutes_are_told(agent: Agent) -> None:
    await agent.keep(DetectPolicy())

    agent.serve(330, took=2.5)

    found = agent.finding("latency")
    assert found.observed.startswith("2.5 s in 5 minutes")
    assert found.expected == "at most 2 s"
    agent.serve(360)
    assert agent.told()[-1] == ("FindingEnded", "latency")


async def test_latency_that_drifts_is_told_before_any_limit(agent: Agent) -> None:
    await agent.keep()
    for round_ in range(20):
        agent.serve(_MINUTE, took=0.02 + round_ % 3 / 1000)

    agent.serve(900, took=0.09)

    assert agent.finding("latency drift").subject == "INFO served page <*> duration=<*>"


async def test_nothing_is_told_of_a_service_that_wants_it_so(agent: Agent) -> None:
    await agent.keep(DetectPolicy(on=False))

    agent.serve(400, errors=5)

    assert agent.told() == []


async def test_turned_off_what_is_found_is_over_and_turned_on_it_goes_on_where_it_was(
    agent: Agent,
) -> None:
    await agent.keep()
    agent.serve(900)
    agent.log("the disk is on fire")

    await agent.keep(DetectPolicy(on=False))
    assert agent.told()[-1] == ("FindingEnded", "new template")
    agent.log("unheard of")
    await agent.keep()
    agent.serve(20)
    agent.log("again something new")

    assert [kind for kind, _ in agent.told()] == ["FindingMade", "FindingEnded", "FindingMade"]


async def test_what_is_learnt_survives_the_agent(agent: Agent) -> None:
    await agent.keep()
    agent.serve(900)

    later = Agent(agent.world.successor(), agent.shelf)  # it was killed: nothing was closed
    later.log("the disk is on fire")

    assert later.told() == [("FindingMade", "new template")]
    (row,) = later.understanding.known()
    assert row["tells_of_lines"] is True


async def test_what_is_found_when_the_agent_is_killed_is_not_told_again_and_its_end_is(
    agent: Agent,
) -> None:
    await agent.keep()
    agent.serve(_HOUR)
    agent.world.clock.forward(600)
    assert ("FindingMade", "silence") in agent.told()

    later = Agent(agent.world.successor(), agent.shelf)
    later.world.clock.forward(900)
    assert later.told() == []
    later.serve(180)

    assert ("FindingEnded", "silence") in later.told()
    assert ("FindingMade", "silence") not in later.told()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"version": 99}', b"\xff", b'{"version": 2}'])
async def test_what_cannot_be_read_is_set_aside(
    agent: Agent, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    agent.shelf.kept["web"] = content
    await agent.keep()

    agent.serve(60)

    assert agent.shelf.aside == ["web"]
    assert [each.message for each in caplog.records] == ["learnt.unreadable"]
    assert len(agent.understanding.known()) == 1


async def test_a_pattern_somebody_called_false_is_quiet_from_then_on(agent: Agent) -> None:
    await agent.keep()
    agent.serve(900)
    agent.log("the disk is on fire")
    pattern = agent.finding("new template").pattern
    now = agent.world.clock.now()

    agent.world.bus.publish(FindingRejected(at=now, service="web", pattern=pattern, who="ann"))
    agent.serve(900)
    later = Agent(agent.world.successor(), MemoryShelf())
    later.serve(900)
    later.log("the disk is on fire")
    later.log("the roof is on fire")

    assert later.told() == [("FindingMade", "new template")]
    assert later.finding("new template").samples == ("the roof is on fire",)


async def test_all_instances_are_heard_also_those_that_come_later(agent: Agent) -> None:
    await agent.keep()
    agent.serve(900)

    await agent.keep(instances=2)
    agent.world.clock.forward(1)
    agent.log("the disk is on fire", instance="web.2")

    assert agent.finding("new template").service == "web"


@pytest.mark.slow
async def test_when_it_costs_too_much_lines_are_left_out_and_rates_stay_true(
    agent: Agent,
) -> None:
    await agent.keep(DetectPolicy())
    agent.cost = 0.1  # seconds a batch: a quarter of what comes can be read

    for _ in range(400):
        agent.log(*(f"INFO served page {each} in time" for each in range(50)))
        agent.log(*(f"INFO kept page {each} in time" for each in range(50)))
        agent.world.clock.forward(1)

    (row,) = agent.understanding.known()
    assert isinstance(row["read"], float)
    assert agent.cpu / 2 < 0.05 * 400 * 1.1  # each batch was looked at twice
    assert 0.0 < row["read"] < 0.9
    assert agent.told() == []


async def test_a_clock_that_is_set_is_no_silence(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)

    agent.world.clock.jump(7_200)
    agent.serve(600)
    agent.world.clock.jump(-7_200)
    agent.serve(600)

    assert agent.told() == []


async def test_an_agent_that_stood_still_does_not_call_it_silence(agent: Agent) -> None:
    await agent.keep()
    agent.serve(_HOUR)

    agent.world.clock.stand_still(1_200)
    agent.serve(600)

    assert agent.told() == []


async def test_what_was_learnt_of_a_removed_service_is_forgotten(agent: Agent) -> None:
    await agent.keep()
    agent.serve(900)
    assert json.loads(agent.shelf.kept["web"])["version"] == 2

    agent.manager.stop("web")
    agent.world.clock.forward(20)
    await agent.manager.uninstall("web")

    assert agent.shelf.kept == {}
