"""Points in time as people give them."""

from __future__ import annotations

from datetime import datetime

import pytest

from svcctl.app.reading import moment
from svcctl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (None, 0.0),
        ("10m", 400.0),
        ("2026-11-21T08:00", datetime(2026, 11, 21, 8).astimezone().timestamp()),
        ("2026-11-21T08:00:00+00:00", 1795248000.0),
    ],
)
def test_an_age_or_a_time_is_meant(text: str | None, at: float) -> None:
    assert moment(text, now=1000.0) == at


def test_what_is_neither_is_refused_with_both_forms() -> None:
    with pytest.raises(UsageError, match="neither an age nor a time") as caught:
        moment("yesterday", now=1000.0)

    assert "10m" in caught.value.hint
    assert "2026-11-21T08:00" in caught.value.hint
