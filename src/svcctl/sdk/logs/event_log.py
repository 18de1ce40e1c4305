"""Brings records to the Event Log of Windows, as entries of svcctl's own source."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from svcctl.sdk.logs.facts import read
from svcctl.sdk.logs.levels import ERROR, WARNING
from svcctl.sdk.logs.raised import as_text
from svcctl.system.windows.event_messages import (
    LOGGED,
    LOGGED_ERROR,
    LOGGED_WARNING,
    Entry,
    printable,
)


class EventLog:
    """Brings records to the Event Log: people look there for warnings and worse, not for all."""

    name = "Event Log"
    batch = 1

    def __init__(
        self, *, report: Callable[[Entry], bool], close: Callable[[], None] = lambda: None
    ) -> None:
        """*report* writes an entry and says whether it was taken."""
        self._report, self._close = report, close

    def deliver(self, records: Sequence[bytes]) -> int:
        """Write an entry for each; what the Event Log does not take is refused for good."""
        return sum(not self._report(as_entry(each)) for each in records)

    def close(self) -> None:
        """Let go of the source."""
        self._close()


def of_this_machine() -> EventLog:
    """Give the Event Log of this machine; on Windows alone."""
    from svcctl.system.windows.event_log import EventLogWriter  # noqa: PLC0415 - only there

    writer = EventLogWriter()
    return EventLog(report=writer.report, close=writer.close)


def as_entry(record: bytes) -> Entry:
    """Give *record* as an entry: the event, and each field on a line of its own."""
    facts = read(record)
    grave = LOGGED_ERROR if facts.level >= ERROR else LOGGED_WARNING
    lines = [facts.event]
    for name, value in facts.fields.items():
        if name == "exception" and isinstance(value, dict):
            lines += as_text(value)
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{name}: {shown}")
    who = facts.instance or facts.service
    strings = (printable(who), printable("\r\n".join(lines)))
    return Entry(message=grave if facts.level >= WARNING else LOGGED, strings=strings)
