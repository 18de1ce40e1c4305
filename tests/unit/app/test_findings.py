"""All that is found is kept, whoever found it, and can be called false and true again."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from svcctl.app.arguments import check
from svcctl.app.findings import Findings
from svcctl.app.verbs import find
from svcctl.app.waiting import Nobody
from svcctl.detect.finding import Deviation, Finding, What
from svcctl.errors import UnknownService, UsageError
from svcctl.events import FindingEnded, FindingMade, FindingRejected, SpecApplied
from svcctl.ports import Document
from svcctl.testing.fakes import FakeBus, FakeClock, FakeEventLog, FakeStore
from svcctl.wire import Selection


class Desk:
    """Findings without an agent; :meth:`again` is after its end."""

    def __init__(self, store: FakeStore | None = None) -> None:
        self.store, self.bus, self.clock, self.log = (
            store or FakeStore(),
            FakeBus(),
            FakeClock(),
            FakeEventLog(),
        )
        self.bus.subscribe(self.log.append)
        self.findings = Findings(store=self.store, events=self.log, bus=self.bus, clock=self.clock)
        self.findings.begin()
        self.learnt: list[Document] = [{"service": "web"}, {"service": "db"}]

    def again(self) -> Desk:
        self.findings.close()
        return Desk(self.store)

    def find(self, name: str = "x", service: str = "web") -> Finding:
        found = Deviation(
            what=What.BURST, subject=name, observed="9", expected="1", since=1.0, score=0.9
        )
        finding = Finding(service=service, deviation=found, samples=("a line",))
        self.findings.found(finding, at=self.clock.now())
        return finding

    def kinds(self) -> list[str]:
        return [type(each).__name__ for each in self.bus.events]

    async def ask(self, name: str = "findings", **given: object) -> Document:
        verb = find(name)
        assert verb is not None
        deed = self.findings.deeds(lambda: self.learnt, lambda: ["web", "db", "idle"])[name]
        answer = await deed(Selection(), check(verb, given), Nobody())
        assert isinstance(answer, dict)
        return answer

    async def rows(self, **given: object) -> list[tuple[str, str]]:
        found = (await self.ask("findings", **given))["findings"]
        assert isinstance(found, list)
        return [(each["subject"], each["state"]) for each in found]


async def test_a_finding_is_told_once_until_it_is_over() -> None:
    desk = Desk()

    finding = desk.find()
    desk.find()
    assert await desk.rows() == [("x", "found")]
    desk.findings.over(finding, at=desk.clock.now())
    desk.findings.over(finding, at=desk.clock.now())

    assert desk.kinds() == ["FindingMade", "FindingEnded"]
    assert await desk.rows() == []


async def test_what_is_open_survives_the_agent() -> None:
    desk = Desk()
    desk.find()

    later = desk.again()

    assert await later.rows() == [("x", "found")]
    (made,) = later.findings.open_of("web")
    assert (made.samples, made.observed) == (("a line",), "9")
    assert later.findings.open_of("db") == []


async def test_what_is_over_is_shown_to_those_who_ask() -> None:
    desk = Desk()
    finding = desk.find()
    desk.clock.forward(60)
    desk.findings.over(finding, at=desk.clock.now())
    desk.find("y")

    assert await desk.rows() == [("y", "found")]
    assert await desk.rows(all=True) == [("y", "found"), ("x", "ended")]
    desk.clock.forward(3_600)
    assert await desk.rows(since="10m") == [("y", "found")]


async def test_services_are_chosen_by_names_and_globs() -> None:
    desk = Desk()
    desk.find("x", "web")
    desk.find("y", "db-1")

    assert await desk.rows(services=["db*"]) == [("y", "found")]
    assert (await desk.ask(services=["web"]))["learnt"] == [{"service": "web"}]
    with pytest.raises(UsageError):
        await desk.ask(services="web")


async def test_what_was_called_false_is_quiet_until_somebody_takes_that_back() -> None:
    desk = Desk()
    finding = desk.find()
    rows = (await desk.ask())["findings"]
    assert isinstance(rows, list)

    quiet = await desk.ask("finding-quiet", id=rows[0]["id"][:4])
    assert quiet == {"id": rows[0]["id"], "pattern": finding.pattern}
    assert await desk.rows() == [("x", "quiet")]
    desk.findings.over(finding, at=desk.clock.now())
    later = desk.again()
    later.find()
    assert later.kinds() == []

    await later.ask("finding-wake", id=finding.pattern)
    later.find()
    assert later.kinds() == ["FindingMade"]
    assert (await later.ask())["quiet"] == []


async def test_who_called_it_false_is_known() -> None:
    desk = Desk()
    desk.bus.publish(FindingRejected(at=5.0, service="web", pattern="web/leak/memory", who="ann"))

    quiet = (await desk.ask())["quiet"]

    assert isinstance(quiet, list)
    (row,) = quiet
    assert (row["who"], row["at"], row["pattern"]) == ("ann", 5.0, "web/leak/memory")


@pytest.mark.parametrize("said", ["", "zz", "web/burst/other"])
async def test_an_id_that_is_none_is_an_error(said: str) -> None:
    desk = Desk()
    desk.find()

    with pytest.raises(UnknownService, match="there is no finding"):
        await desk.ask("finding-quiet", id=said)


async def test_an_id_that_several_have_is_an_error() -> None:
    desk = Desk()
    for number in range(300):
        desk.find(f"x{number}")
    rows = (await desk.ask())["findings"]
    assert isinstance(rows, list)
    begins = [each["id"][:2] for each in rows]
    twice = next(each for each in begins if begins.count(each) > 1)

    with pytest.raises(UsageError, match="is several"):
        await desk.ask("finding-quiet", id=twice)


async def test_nothing_is_found_in_a_service_that_is_gone() -> None:
    desk = Desk()
    desk.find()

    desk.bus.publish(SpecApplied(at=0.0, service="web", change="removed", revision="1"))

    assert await desk.again().rows() == []


async def test_a_document_that_is_broken_is_left_out() -> None:
    desk = Desk()
    desk.find()
    desk.store.put("finding", "broken", {})
    desk.store.put("quiet finding", "broken", {"who": "ann"})

    later = desk.again()

    assert await later.rows() == [("x", "found")]
    assert (await later.ask())["quiet"] == []


async def test_what_each_instance_has_is_its_own() -> None:
    desk = Desk()
    desk.find()
    made = next(each for each in desk.bus.events if isinstance(each, FindingMade))
    for instance in ("web.1", "web.2"):
        desk.bus.publish(replace(made, instance=instance, pattern="web/leak/memory", subject="m"))

    desk.bus.publish(
        FindingEnded(at=1.0, service="web", instance="web.1", pattern="web/leak/memory")
    )

    found = (await desk.again().ask())["findings"]
    assert isinstance(found, list)
    assert {each["instance"] for each in found} == {"", "web.2"}


async def test_what_logs_showed_is_over_where_nobody_looks_any_more() -> None:
    desk = Desk()
    desk.find()
    made = next(each for each in desk.bus.events if isinstance(each, FindingMade))
    desk.bus.publish(replace(made, kind="leak", pattern="web/leak/memory", subject="memory"))

    desk.findings.nothing_more("web")

    assert await desk.rows() == [("memory", "found")]
    assert isinstance(desk.bus.events[-1], FindingEnded)


async def test_what_a_rule_found_and_forgot_is_over_after_a_day() -> None:
    desk = Desk()
    desk.find()
    made = next(each for each in desk.bus.events if isinstance(each, FindingMade))
    desk.bus.publish(replace(made, kind="rule", pattern="web/rule/r", subject="r"))

    desk.clock.forward(86_401)

    assert await desk.rows() == [("x", "found")]


async def test_no_more_than_a_thousand_are_kept() -> None:
    desk = Desk()
    for number in range(1_010):
        desk.find(f"x{number}")

    rows = await desk.again().rows()

    assert len(rows) == 1_000
    assert ("x0", "found") not in rows


async def test_texts_of_any_length_are_cut() -> None:
    desk = Desk()

    desk.find("x" * 100_000)

    (made,) = desk.findings.open_of("web")
    assert len(made.subject) == 1_000


async def test_a_name_that_nothing_has_is_refused_and_one_that_is_quiet_is_not() -> None:
    desk = Desk()

    assert await desk.rows(services=["idle"]) == []
    assert await desk.rows(services=["*"]) == []
    for name in ("wbe", "x*", ""):
        with pytest.raises(UnknownService, match=f"no service {re.escape(repr(name))}"):
            await desk.rows(services=["web", name])
