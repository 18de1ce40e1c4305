"""What services log is judged as it comes, and told."""

from __future__ import annotations

import pytest

from svcctl.app.watching import Watching
from svcctl.engine.manager import AgentManager
from svcctl.events import FindingEnded, FindingMade
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.alert_policy import Priority
from svcctl.spec.log_rule import LogRule, RuleLevel
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld


class Watched:
    """An agent that keeps ``web`` and watches it."""

    def __init__(self, world: FakeWorld) -> None:
        self.world, self.manager = world, AgentManager(world.ports)
        self.watching = Watching(self.manager)
        self.watching.begin()

    async def keep(self, *rules: LogRule, instances: int = 1) -> None:
        spec = ServiceSpec(name="web", exec=("/bin/app",), rules=rules, instances=instances)
        document = canonical.dump(spec)
        applied = Applied(name="web", spec=document, revision=canonical.revision(document))
        if "web" in self.manager.names():
            await self.manager.configure(applied)
        else:
            await self.manager.install(applied)
            self.manager.start("web")

    def log(self, *lines: str, instance: str = "web") -> None:
        self.world.sinks[instance].log(*lines)

    def told(self) -> list[str]:
        kinds = FindingMade | FindingEnded
        return [type(each).__name__ for each in self.world.bus.events if isinstance(each, kinds)]

    def finding(self) -> FindingMade:
        (found,) = [each for each in self.world.bus.events if isinstance(each, FindingMade)]
        return found


@pytest.fixture
def watched(world: FakeWorld) -> Watched:
    return Watched(world)


async def test_what_a_rule_finds_is_an_event(watched: Watched) -> None:
    await watched.keep(LogRule(match="ERROR", severity=Priority.P0))

    watched.log("fine", "an ERROR")

    found = watched.finding()
    assert (found.service, found.kind, found.subject) == ("web", "rule", "ERROR")
    assert (found.priority, found.samples, found.pattern) == ("P0", ("an ERROR",), "web/rule/ERROR")
    assert found.at == watched.world.clock.now()
    assert "service 'web'" in found.explanation
    assert (found.action, found.seen_in) == ("", "web")


async def test_a_line_counts_at_the_time_it_came_whatever_it_says(watched: Watched) -> None:
    await watched.keep(LogRule(match="ERROR", count=2, within=60))

    watched.log("2001-01-01T00:00:00Z ERROR")
    watched.world.clock.forward(61)
    watched.log("2001-01-01T00:00:01Z ERROR")
    assert watched.told() == []

    watched.log("2031-01-01T00:00:01Z ERROR")
    assert watched.told() == ["FindingMade"]


async def test_a_traceback_is_one_record_with_a_level(watched: Watched) -> None:
    await watched.keep(LogRule(level=RuleLevel.ERROR))

    watched.log("hello", "Traceback (most recent call last):", '  File "x"', "ValueError: no")

    assert watched.finding().samples[0].endswith("ValueError: no")


async def test_what_a_rule_asks_for_is_in_the_event(watched: Watched) -> None:
    await watched.keep(LogRule(match="stuck", action="restart"), instances=2)

    watched.log("stuck", instance="web.2")

    found = watched.finding()
    assert (found.action, found.seen_in) == ("restart", "web.2")


async def test_a_line_that_does_not_come_is_noticed_in_time(watched: Watched) -> None:
    await watched.keep(LogRule(match="beat", absent_for=60))
    watched.world.clock.forward(50)
    watched.log("beat")

    watched.world.clock.forward(59)
    assert watched.told() == []
    watched.world.clock.forward(2)
    assert watched.told() == ["FindingMade"]
    watched.log("beat")
    assert watched.told() == ["FindingMade", "FindingEnded"]


async def test_nothing_is_missing_while_the_service_does_not_run(watched: Watched) -> None:
    await watched.keep(LogRule(match="beat", absent_for=60))

    watched.world.child().exit(0)
    watched.world.clock.forward(1000)
    assert watched.told() == []

    watched.manager.start("web")
    watched.world.clock.forward(59)
    assert watched.told() == []
    watched.world.clock.forward(2)
    assert watched.told() == ["FindingMade"]


async def test_all_instances_are_watched_together(watched: Watched) -> None:
    await watched.keep(LogRule(match="ERROR", count=2, within=60), instances=2)

    watched.log("ERROR", instance="web")
    watched.log("ERROR", instance="web.2")

    assert watched.told() == ["FindingMade"]


async def test_rules_change_with_the_definition(watched: Watched) -> None:
    await watched.keep(LogRule(match="ERROR"))

    await watched.keep(LogRule(match="other"))
    watched.log("ERROR")
    assert watched.told() == []
    await watched.keep()
    watched.log("other")
    assert watched.told() == []


async def test_the_same_rules_keep_what_they_have_seen(watched: Watched) -> None:
    rule = LogRule(match="ERROR", count=2, within=60)
    await watched.keep(rule)
    watched.log("ERROR")

    await watched.keep(rule, instances=2)
    watched.log("ERROR")

    assert watched.told() == ["FindingMade"]


async def test_rules_that_cannot_be_used_are_no_end_of_an_agent(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.keep(LogRule(match="(?=a)"))

    assert [each.message for each in caplog.records] == ["rules.refused"]


async def test_what_is_closed_hears_nothing(watched: Watched) -> None:
    await watched.keep(LogRule(match="ERROR"), LogRule(match="x", absent_for=60, action="restart"))

    watched.watching.close()
    watched.log("ERROR")
    watched.world.clock.forward(100)

    assert watched.told() == []
