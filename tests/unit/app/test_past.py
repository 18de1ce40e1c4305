"""Events are read back as they were written."""

from __future__ import annotations

import pytest

from svcctl.app.past import event_of
from svcctl.events import FindingMade
from svcctl.ports import Recorded


def test_an_event_is_read_back_as_it_was_written() -> None:
    event = FindingMade(
        at=5.0,
        service="web",
        kind="burst",
        subject="lines",
        pattern="p",
        observed="9/s",
        expected="1/s",
        since=4.0,
        score=0.9,
        explanation="web says more",
        samples=("a", "b"),
    )
    fields = event.fields() | {"samples": ["a", "b"]}  # as JSON has it

    recorded = Recorded(
        number=1, at=5.0, kind="FindingMade", service="web", instance="", fields=fields
    )

    assert event_of(recorded) == event


@pytest.mark.parametrize("kind", ["Unheard", "PhaseChanged"])
def test_an_event_of_another_version_is_passed_over(kind: str) -> None:
    recorded = Recorded(number=1, at=0.0, kind=kind, service="", instance="", fields={"a": 1})

    assert event_of(recorded) is None
