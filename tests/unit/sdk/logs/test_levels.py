"""Levels: by name, from the nearest name above, for a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError, UsageError
from svcctl.sdk.logs.levels import DEBUG, ERROR, INFO, NAMES, Levels, LevelShown, decide, nearest
from svcctl.testing.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def levels(clock: FakeClock) -> Levels:
    return Levels(clock)


@pytest.mark.parametrize(
    ("logger", "level"),
    [
        *[("", 20), ("other", 20), ("mailer", 40), ("mailer.smtp", 10), ("mailer.smtp.tls", 10)],
        *[("mailer.imap", 40), ("mailers", 20)],
    ],
)
def test_a_logger_has_the_level_of_the_nearest_name_above(logger: str, level: int) -> None:
    assert decide({"": 20, "mailer": 40, "mailer.smtp": 10}, logger) == level


@given(number=st.integers(-5, 200))
def test_a_level_between_two_counts_as_the_lower(number: int) -> None:
    assert nearest(number) in NAMES
    assert nearest(number) <= max(number, DEBUG)
    assert not any(nearest(number) < each <= number for each in NAMES)


def test_a_change_holds_for_gates_that_were_given_out(levels: Levels) -> None:
    gate, other = levels.gate("mailer.smtp"), levels.gate("web")

    levels.set("mailer", "debug")

    assert (gate.level, other.level) == (DEBUG, INFO)
    assert levels.gate("mailer.smtp") is gate


def test_a_level_set_for_a_time_reverts_by_the_clock(levels: Levels, clock: FakeClock) -> None:
    gate = levels.gate("mailer")

    levels.set("mailer", "debug", for_="10m")
    clock.forward(599)
    before = gate.level
    clock.forward(1)

    assert (before, gate.level) == (DEBUG, INFO)
    assert clock.next_at is None


def test_it_reverts_to_the_level_that_lasts(levels: Levels, clock: FakeClock) -> None:
    gate = levels.gate("mailer")
    levels.set("mailer", "error")

    levels.set("mailer", "debug", for_=5)
    clock.forward(5)

    assert gate.level == ERROR


def test_a_second_time_replaces_the_first(levels: Levels, clock: FakeClock) -> None:
    gate = levels.gate("mailer")

    levels.set("mailer", "debug", for_=5)
    levels.set("mailer", "error", for_=10)
    clock.forward(9)
    during = gate.level
    clock.forward(1)

    assert (during, gate.level) == (ERROR, INFO)


def test_a_lasting_level_ends_one_for_a_time(levels: Levels, clock: FakeClock) -> None:
    levels.set("mailer", "debug", for_=5)

    levels.set("mailer", "error")
    clock.forward(10)

    assert levels.gate("mailer").level == ERROR


def test_what_is_set_can_be_shown_and_taken_back(levels: Levels, clock: FakeClock) -> None:
    levels.set("mailer", "debug", for_=60)

    shown = levels.show()
    levels.reset("mailer")
    levels.reset("mailer")

    assert shown == (
        LevelShown(logger="", level="info"),
        LevelShown(logger="mailer", level="debug", until=clock.now() + 60),
    )
    assert levels.show() == (LevelShown(logger="", level="info"),)


def test_whoever_watches_is_told_at_once_and_of_each_change(levels: Levels) -> None:
    told: list[dict[str, int]] = []

    cancel = levels.watch(lambda settings: told.append(dict(settings)))
    levels.set("mailer", "debug")
    cancel()
    cancel()
    levels.set("mailer", "error")

    assert told == [{"": INFO}, {"": INFO, "mailer": DEBUG}]


def test_closing_leaves_no_timer(levels: Levels, clock: FakeClock) -> None:
    levels.set("mailer", "debug", for_=60)

    levels.close()

    assert clock.next_at is None
    assert levels.gate("mailer").level == INFO


def test_a_level_that_does_not_exist_changes_nothing(levels: Levels) -> None:
    with pytest.raises(UsageError, match="there is no level 'loud'") as raised:
        levels.set("mailer", "loud")

    assert raised.value.hint == "use one of debug, info, warning, error, critical"
    assert levels.gate("mailer").level == INFO


def test_a_time_that_cannot_be_read_changes_nothing(levels: Levels) -> None:
    with pytest.raises(SpecError):
        levels.set("mailer", "debug", for_="soon")

    assert levels.gate("mailer").level == INFO
