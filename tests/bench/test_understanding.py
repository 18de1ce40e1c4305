"""What understanding costs is told by rounds, as machines differ from minute to minute."""

from __future__ import annotations

import pytest

from bench.understanding import FORMS, WITH, WITHOUT, Reading, cost_of, kept, report


def _reading(subject: str, number: int, written: float) -> Reading:
    return Reading(subject=subject, round=number, written=written, processor=0.3)


def test_each_round_is_compared_with_itself() -> None:
    readings = [
        _reading(subject, number, written)
        for number, (with_, without) in enumerate([(90e6, 100e6), (450e6, 500e6), (9e6, 10e6)])
        for subject, written in ((WITH, with_), (WITHOUT, without))
    ]

    assert kept(readings) == pytest.approx(0.9)
    text = report(readings, {"plain": 5.0})
    assert "With them, 90% is written of what is without." in text
    assert "| plain | 5.0 | 10,000 |" in text


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_each_form_costs_something(form: str) -> None:
    assert cost_of(FORMS[form], count=1_000) > 0.0
