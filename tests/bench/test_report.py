"""What the table says of readings."""

from __future__ import annotations

from collections.abc import Iterator

from bench.reading import Figure, Reading, floor, ours
from bench.report import table


def _none(_rounds: int) -> Iterator[Reading]:
    yield from ()


FIGURE = Figure(name="wait", about="how long", floor="nothing less", measure=_none)


def test_a_row_has_medians_spread_and_their_ratio() -> None:
    readings = [ours("ten", value, "ms") for value in (4.0, 6.0, 20.0)]
    readings += [floor("ten", value, "ms") for value in (3.0, 2.0)]

    row = table(FIGURE, readings).splitlines()[-1]

    assert row == "| ten | ms | 6 [4 - 20] | 2.5 [2 - 3] | 2.40 |"


def test_a_case_without_a_floor_has_no_ratio() -> None:
    row = table(FIGURE, [ours("lost", 0, "lines")]).splitlines()[-1]

    assert row == "| lost | lines | 0 |  |  |"


def test_a_figure_that_could_not_be_taken_has_no_rows() -> None:
    last = table(FIGURE, []).splitlines()[-1]

    assert last.startswith("|---")
