"""The count of lost, doubled and torn lines must itself be right."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bench.tally import Tally, line, tally

FIVE = b"".join(map(line, range(5)))
CLEAN = Tally(lost=0, doubled=0, torn=0)


def test_whole_lines_over_several_files_are_all_found() -> None:
    assert tally([FIVE[:200], b"", FIVE[200:]], written=5) == CLEAN


def test_a_line_that_is_missing_is_lost() -> None:
    assert tally([FIVE[:100] + FIVE[200:]], written=5) == Tally(lost=1, doubled=0, torn=0)


def test_a_line_that_comes_twice_is_doubled() -> None:
    assert tally([FIVE, FIVE[300:400]], written=5) == Tally(lost=0, doubled=1, torn=0)


def test_a_line_cut_over_two_files_is_torn_but_not_lost() -> None:
    assert tally([FIVE[:250], FIVE[250:]], written=5) == Tally(lost=0, doubled=0, torn=1)


def test_a_line_whose_second_half_never_came_is_torn_and_lost() -> None:
    assert tally([FIVE[:450]], written=5) == Tally(lost=1, doubled=0, torn=1)


def test_a_line_that_another_runs_into_is_torn() -> None:
    assert tally([FIVE[:150] + FIVE[200:]], written=5) == Tally(lost=2, doubled=0, torn=1)


def test_a_number_nobody_wrote_is_one_too_many() -> None:
    assert tally([FIVE], written=4) == Tally(lost=0, doubled=1, torn=0)


def test_lines_of_another_writer_in_the_same_file_are_no_matter() -> None:
    mixed = line(0, pid=8) + line(0, pid=7) + line(1, pid=8) + line(1, pid=7)

    assert tally([mixed], written=2, pid=7) == CLEAN


@given(st.lists(st.integers(0, 5_000), max_size=5))
def test_wherever_whole_output_is_divided_nothing_is_lost_or_doubled(cuts: list[int]) -> None:
    whole = b"".join(map(line, range(50)))
    edges = [0, *sorted(cuts), len(whole)]
    files = [whole[start:end] for start, end in pairwise(edges)]

    found = tally(files, written=50)

    assert (found.lost, found.doubled) == (0, 0)
