"""At which hours something may be done by itself, whatever clocks and seasons do."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.healing.hours import UNKNOWN_QUIET, opens, quiet_hour
from svcctl.spec.heal_notation import Cron, Hours, QuietHour, Window

NIGHT = Window(begins=2 * 60, ends=5 * 60)
OVER_MIDNIGHT = Window(begins=23 * 60, ends=60)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def opening(hours: Hours, now: str, *, since: str = "", quiet: Window | None = None) -> str:
    """Say when it may be done; nothing: now."""
    due = opens(hours, now=at(now), since=at(since or now), quiet=quiet, zone=UTC)
    return "" if due is None else datetime.fromtimestamp(due, tz=UTC).strftime("%d %H:%M")


def test_a_window_is_open_from_its_begin_to_its_end() -> None:
    assert opening(NIGHT, "2025-06-15T01:59") == "15 02:00"
    assert opening(NIGHT, "2025-06-15T02:00") == ""
    assert opening(NIGHT, "2025-06-15T04:59") == ""
    assert opening(NIGHT, "2025-06-15T05:00") == "16 02:00"


def test_a_window_may_go_over_midnight() -> None:
    assert opening(OVER_MIDNIGHT, "2025-06-15T23:30") == ""
    assert opening(OVER_MIDNIGHT, "2025-06-15T00:30") == ""
    assert opening(OVER_MIDNIGHT, "2025-06-15T01:00") == "15 23:00"


def test_a_schedule_opens_once_for_what_began_before() -> None:
    cron = Cron(fields="0 3 * * *")

    assert opening(cron, "2025-06-15T02:00", since="2025-06-15T01:00") == "15 03:00"
    assert opening(cron, "2025-06-15T09:00", since="2025-06-15T01:00") == ""
    assert opening(cron, "2025-06-15T09:00", since="2025-06-15T03:30") == "16 03:00"


def test_a_service_of_which_nothing_is_known_is_quiet_at_night() -> None:
    assert opening(QuietHour(), "2025-06-15T12:00") == "16 02:00"
    assert (
        opening(QuietHour(), "2025-06-15T12:00", quiet=Window(begins=780, ends=840)) == "15 13:00"
    )
    assert UNKNOWN_QUIET == NIGHT


def test_the_least_busy_hour_of_the_day_is_the_quiet_one() -> None:
    day = at("2025-06-15T00:00")
    used = [(day + hour * 3600.0, 5.0 if hour == 4 else 50.0) for hour in range(48)]

    assert quiet_hour(used, zone=UTC) == Window(begins=240, ends=300)
    assert quiet_hour(used[:19], zone=UTC) is None


@pytest.mark.posix  # Windows knows no zones by name
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001 - made one below
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_what_is_closed_opens_within_a_day_and_an_hour_and_then_is_open(
    moment: datetime, begins: int, ends: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = moment.replace(tzinfo=zone).timestamp()
    window = Window(begins=begins, ends=ends if ends != begins else (begins + 60) % 1440)

    due = opens(window, now=now, since=now, quiet=None, zone=zone)

    if due is not None:
        assert now < due <= now + 25 * 3600.0 + 1.0
