"""When a schedule is due, over clock changes of every kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from svcctl.engine.schedule import LocalTime, Ticker, next_due
from svcctl.spec.policy import Schedule
from svcctl.testing.fakes import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600.0
NEVER = "0 0 */31 * 1#2"  # the first of a month is never its second Monday


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def at(text: str, *, fold: int = 0) -> float:
    """Give the moment at which a clock in Berlin shows *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


def berlin(moment: float | None) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, tz=BERLIN).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("last_start", "due"),
    [
        (None, 1060.0),
        (990.0, 1050.0),
        (1000.0, 1060.0),
        (10.0, 1000.0),
        (99_999.0, 1060.0),
    ],
    ids=["never ran", "ran", "runs", "missed many runs", "ran in the future"],
)
def test_every_counts_from_the_last_start(last_start: float | None, due: float) -> None:
    assert next_due(Schedule(every=60.0), now=1000.0, last_start=last_start) == due


@pytest.mark.parametrize(
    ("cron", "now", "due"),
    [
        ("*/15 * * * *", "2025-01-01 00:07:30", "2025-01-01 00:15+01:00"),
        ("*/15 * * * *", "2025-01-01 00:15:00", "2025-01-01 00:30+01:00"),
        ("0 3 * * mon", "2025-01-01 00:00", "2025-01-06 03:00+01:00"),
        ("0 3 * * *", "2025-03-29 12:00", "2025-03-30 03:00+02:00"),
        ("0 3 * * *", "2025-10-25 12:00", "2025-10-26 03:00+01:00"),
        ("30 2 * * *", "2025-03-30 00:00", "2025-03-30 03:00+02:00"),
        ("30 2 * * *", "2025-03-30 03:00", "2025-03-31 02:30+02:00"),
        ("*/30 * * * *", "2025-03-30 01:30", "2025-03-30 03:00+02:00"),
        ("30 2 * * *", "2025-10-26 00:00", "2025-10-26 02:30+02:00"),
        ("30 2 * * *", "2025-10-26 02:30", "2025-10-27 02:30+01:00"),
        ("*/30 * * * *", "2025-10-26 02:30", "2025-10-26 02:00+01:00"),
    ],
)
@pytest.mark.usefixtures("in_berlin")
def test_cron_follows_local_time_over_clock_changes(cron: str, now: str, due: str) -> None:
    given_zone = next_due(Schedule(cron=cron), now=at(now), last_start=None, zone=BERLIN)
    own_zone = next_due(Schedule(cron=cron), now=at(now), last_start=None)

    assert berlin(given_zone) == due
    assert own_zone == given_zone


@pytest.mark.parametrize("minutes", range(0, 60, 7))
def test_a_fixed_time_is_not_due_again_in_the_hour_that_comes_twice(minutes: int) -> None:
    now = at(f"2025-10-26 02:{minutes:02}", fold=1)

    due = next_due(Schedule(cron="0-59 2 * * *"), now=now, last_start=None, zone=BERLIN)

    assert berlin(due) == "2025-10-27 02:00+01:00"


def test_what_cron_was_due_for_while_nobody_looked_is_not_made_up_for() -> None:
    """A timer of systemd has Persistent=no for the same."""
    daily = Schedule(cron="0 3 * * *")
    now = at("2025-06-10 12:00")

    due = next_due(daily, now=now, last_start=now - 5 * 86400, zone=BERLIN)

    assert berlin(due) == "2025-06-11 03:00+02:00"


def test_a_schedule_can_be_impossible() -> None:
    assert next_due(Schedule(cron=NEVER), now=0.0, last_start=None, zone=BERLIN) is None


@given(st.integers(0, 2**31))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("in_berlin")
def test_local_time_is_that_of_the_machine_at_every_moment(moment: int) -> None:
    ours = datetime.fromtimestamp(moment, tz=LocalTime())
    theirs = datetime.fromtimestamp(moment, tz=BERLIN)

    assert ours.isoformat() == theirs.isoformat()
    assert (ours.fold, ours.tzname()) == (theirs.fold, theirs.tzname())
    assert ours.timestamp() == moment


@given(now=st.floats(1.6e9, 2e9), minute=st.integers(0, 59), hour=st.integers(0, 23))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@pytest.mark.usefixtures("in_berlin")
def test_what_is_due_lies_ahead_and_within_two_days(now: float, minute: int, hour: int) -> None:
    due = next_due(Schedule(cron=f"{minute} {hour} * * *"), now=now, last_start=None)

    assert due is not None
    assert now < due <= now + 48 * HOUR


class Runs:
    """A ticker, and when it told that a run is due."""

    def __init__(self, clock: FakeClock, schedule: Schedule) -> None:
        self.at: list[float] = []
        self._clock = clock
        self.ticker = Ticker(schedule, clock=clock, on_due=self._due)

    def _due(self) -> None:
        self.at.append(self._clock.now())


def test_a_ticker_rings_once_when_it_is_time() -> None:
    clock = FakeClock()
    start = clock.now()
    runs = Runs(clock, Schedule(every=10 * HOUR))

    runs.ticker.start(last_start=start)
    assert runs.ticker.due_at == start + 10 * HOUR
    clock.forward(30 * HOUR)

    assert runs.at == [start + 10 * HOUR]
    assert clock.next_at is None


def test_a_ticker_that_is_stopped_never_rings() -> None:
    clock = FakeClock()
    runs = Runs(clock, Schedule(every=10 * HOUR))
    runs.ticker.start(last_start=None)

    runs.ticker.stop()
    clock.forward(30 * HOUR)

    assert runs.at == []
    assert runs.ticker.due_at is None


def test_a_clock_that_was_set_forward_is_noticed_within_the_hour() -> None:
    clock = FakeClock()
    runs = Runs(clock, Schedule(every=10 * HOUR))
    runs.ticker.start(last_start=clock.now())

    clock.jump(20 * HOUR)
    clock.forward(HOUR)

    assert len(runs.at) == 1


@pytest.mark.parametrize("schedule", [Schedule(every=4 * HOUR), Schedule(cron="0 */4 * * *")])
def test_a_clock_that_was_set_back_delays_no_run(schedule: Schedule) -> None:
    clock = FakeClock()
    runs = Runs(clock, schedule)
    runs.ticker.start(last_start=clock.now())

    clock.forward(30 * 60)
    clock.jump(-100 * HOUR)
    clock.forward(5 * HOUR)

    assert len(runs.at) == 1


def test_an_impossible_schedule_wakes_nobody() -> None:
    clock = FakeClock()
    runs = Runs(clock, Schedule(cron=NEVER))

    runs.ticker.start(last_start=None)

    assert runs.ticker.due_at is None
    assert clock.next_at is None
