"""A cron line and the entries made of it are due on the same minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from hypothesis import assume, given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.system.launchd.calendar import Dates, calendar

START = datetime(2026, 2, 27, tzinfo=UTC)


def is_due(entry: Dates, at: datetime) -> bool:
    now = {
        "Minute": at.minute,
        "Hour": at.hour,
        "Day": at.day,
        "Month": at.month,
        "Weekday": at.isoweekday() % 7,
    }
    return all(now[key] == value for key, value in entry.items())


minutes = st.sampled_from(("0", "30", "*/20", "10,50"))
hours = st.sampled_from(("*", "3", "0-6/2", "22,23"))
days = st.sampled_from(("*", "1", "1,28", "28-31"))
months = st.sampled_from(("*", "3", "feb-apr"))
weekdays = st.sampled_from(("*", "mon", "0", "7", "fri-sat", "1,3"))


@given(st.tuples(minutes, hours, days, months, weekdays).map(" ".join))
def test_entries_are_due_when_the_line_is(cron: str) -> None:
    try:
        entries = calendar(cron)
    except SpecError:
        assume(False)
        raise
    end = START + timedelta(days=3)
    due = set(_until(cron, end))

    at = START
    while (at := at + timedelta(minutes=10)) < end:
        assert any(is_due(entry, at) for entry in entries) == (at in due), (at, entries)


def _until(cron: str, end: datetime) -> list[datetime]:
    found = []
    for each in CronSim(cron, START):
        if each >= end:
            break
        found.append(each)
    return found


def test_what_may_be_anything_is_left_out() -> None:
    assert calendar("* * * * *") == [{}]
    assert calendar("30 3 * * sun") == [{"Minute": 30, "Hour": 3, "Weekday": 0}]


def test_either_day_counts_where_both_are_given() -> None:
    assert calendar("0 5 1 * fri") == [
        {"Minute": 0, "Hour": 5, "Day": 1},
        {"Minute": 0, "Hour": 5, "Weekday": 5},
    ]


@pytest.mark.parametrize(
    "cron", ["0 0 L * *", "0 0 * * 1#2", "0 0 */2 * mon", "1-59/2 1-23/2 1-31/2 * *"]
)
def test_what_launchd_has_no_words_for_is_refused(cron: str) -> None:
    with pytest.raises(SpecError, match="launchd has no words for"):
        calendar(cron)
