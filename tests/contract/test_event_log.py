"""What every memory of events must do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.engine.store import SqliteStore
from svcctl.events import PhaseChanged, TreeKilled
from svcctl.ports import EventLog, Recorded
from svcctl.testing.fakes import FakeEventLog


@pytest.fixture(params=["fake", "sqlite"])
def remembered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    if request.param == "fake":
        yield FakeEventLog()
        return
    made = SqliteStore(str(tmp_path / "state.db"))
    yield made
    made.close()


def turned(log: EventLog, service: str, *, at: float, new: str = "running") -> None:
    event = PhaseChanged(
        at=at, service=service, instance=service, old="starting", new=new, reason=""
    )
    log.append(event)


def services_of(found: list[Recorded]) -> list[str]:
    return [each.service for each in found]


async def test_an_event_is_read_as_it_was_in_the_terms_of_json(remembered: EventLog) -> None:
    event = TreeKilled(at=5.0, service="web", instance="web.2", killed=("7 sh", "8 nc"))
    remembered.append(event)

    (read,) = remembered.read()

    assert (read.at, read.kind, read.service, read.instance) == (5.0, "TreeKilled", "web", "web.2")
    assert read.fields == {"killed": ["7 sh", "8 nc"]}


async def test_events_are_given_oldest_first_with_numbers_that_grow(remembered: EventLog) -> None:
    for service in ("web", "db", "web"):
        turned(remembered, service, at=1.0)

    found = remembered.read()

    assert services_of(found) == ["web", "db", "web"]
    assert found[0].number < found[1].number < found[2].number


async def test_only_those_that_fit_are_given(remembered: EventLog) -> None:
    for at, service in enumerate(("web", "db", "web", "mail"), start=1):
        turned(remembered, service, at=float(at))
    first, *_ = remembered.read()

    assert services_of(remembered.read(services=("db", "mail"))) == ["db", "mail"]
    assert services_of(remembered.read(after=first.number)) == ["db", "web", "mail"]
    assert services_of(remembered.read(since=3.0)) == ["web", "mail"]


async def test_where_there_are_more_than_asked_for_the_last_are_given(
    remembered: EventLog,
) -> None:
    for service in ("web", "db", "mail"):
        turned(remembered, service, at=1.0)

    assert services_of(remembered.read(limit=2)) == ["db", "mail"]
