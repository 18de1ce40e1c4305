"""Numbers are written as people read them."""

from __future__ import annotations

import pytest

from svcctl.detect.amounts import Unit, amount, time_left


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3 * 1024**2, Unit.BYTES, "3.0 MiB"),
        (1.5 * 1024**2, Unit.BYTES_PER_SECOND, "1.5 MiB/s"),
        (99.6, Unit.PERCENT, "100 %"),
        (0.25, Unit.SECONDS, "250 ms"),
        (12.0, Unit.NUMBER, "12"),
    ],
)
def test_a_number_has_its_unit(value: float, unit: Unit, text: str) -> None:
    assert amount(value, unit) == text
    assert amount(value, unit, sign=True) == f"+{text}"


@pytest.mark.parametrize(
    ("seconds", "text"), [(45.0, "45 s"), (1_500.0, "25 min"), (86_400.0, "24.0 h")]
)
def test_the_time_that_is_left_is_no_more_exact_than_it_is_known(seconds: float, text: str) -> None:
    assert time_left(seconds) == text
