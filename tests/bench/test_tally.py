"""The count of lost, doubled and torn lines must itself be right."""

from __future__ import annotations

from bench.tally import Tally, tally
from bench.writer import lines

FIVE = lines(500)


def test_whole_lines_over_several_files_are_all_found() -> None:
    found = tally([FIVE[:200], b"", FIVE[200:]], written=5)

    assert found == Tally(lost=0, doubled=0, torn=0)


def test_a_line_that_is_missing_is_lost() -> None:
    found = tally([FIVE[:100] + FIVE[200:]], written=5)

    assert found == Tally(lost=1, doubled=0, torn=0)


def test_a_line_that_comes_twice_is_doubled() -> None:
    found = tally([FIVE, FIVE[300:400]], written=5)

    assert found == Tally(lost=0, doubled=1, torn=0)


def test_a_line_divided_over_two_files_is_torn_in_both_and_lost() -> None:
    found = tally([FIVE[:250], FIVE[250:]], written=5)

    assert found == Tally(lost=1, doubled=0, torn=2)


def test_a_number_nobody_wrote_is_no_line() -> None:
    found = tally([FIVE], written=4)

    assert found == Tally(lost=0, doubled=0, torn=1)
