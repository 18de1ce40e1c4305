"""Gives what was written down of the past as the events it was, for those who were not there."""

from __future__ import annotations

from svcctl.events import Event, kinds
from svcctl.ports import Recorded


def event_of(recorded: Recorded) -> Event | None:
    """Give the event that was written down, None where this version knows none of that kind."""
    kind = next((each for each in kinds() if each.__name__ == recorded.kind), None)
    if kind is None:
        return None
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in recorded.fields.items()
    }
    try:
        return kind(at=recorded.at, service=recorded.service, instance=recorded.instance, **values)
    except TypeError:  # an earlier version wrote it
        return None
