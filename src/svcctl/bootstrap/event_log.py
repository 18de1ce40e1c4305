"""Opens the Event Log of Windows as a log that others keep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from svcctl.bootstrap.tailing import SavedIn
from svcctl.observe.records.entries import event_record
from svcctl.record import Portion
from svcctl.spec.watch import WatchSpec
from svcctl.system.windows import event_query
from svcctl.system.windows.event_query import Entry, EventFollow


class EventLog:
    """Events of a channel; see :class:`svcctl.app.log_source.LogSource`."""

    def __init__(self, watch: WatchSpec, place: SavedIn) -> None:
        self._events = EventFollow(
            watch.eventlog,
            event_xpath(watch),
            bookmark=(place.read() or b"").decode(errors="replace"),
            from_start=watch.from_start,
            save=lambda bookmark: place.write(bookmark.encode()),
        )

    def take(self) -> list[Portion]:
        """Give the events that came."""
        return _portions(self._events.take())

    def acknowledge(self) -> None:
        """Remember where it was left."""
        self._events.acknowledge()

    def wait(self, seconds: float) -> None:
        """Come back when an event came, or after *seconds*."""
        self._events.wait(seconds)

    def behind(self) -> int:
        """Nobody knows: Windows does not tell how much is left."""
        return 0

    def problem(self) -> str:
        """Nothing: what is wrong is raised."""
        return ""

    def close(self) -> None:
        """Follow no more."""
        self._events.close()


def event_xpath(watch: WatchSpec) -> str:
    """Give the XPath query that chooses the events of *watch*.

    See https://learn.microsoft.com/windows/win32/wes/consuming-events.
    """
    query = watch.query or "*"
    if not watch.provider:
        return query
    ours = f"*[System[Provider[@Name={quoteattr(watch.provider)}]]]"
    if query == "*":
        return ours
    channel = quoteattr(watch.eventlog)
    return (
        f"<QueryList><Query><Select Path={channel}>{_escaped(query)}</Select>"
        f"<Suppress Path={channel}>{_escaped(_of_others(watch.provider))}</Suppress>"
        "</Query></QueryList>"
    )


def past_events(watch: WatchSpec, *, since: float, most: int | None) -> Iterator[Portion]:
    """Give the events that are there, the oldest first, or the last *most* of them."""
    for entry in event_query.past_events(watch.eventlog, event_xpath(watch), most=most):
        for portion in _portions([entry]):
            if portion.records[0].at >= since:
                yield portion


def _portions(entries: list[Entry]) -> list[Portion]:
    now = time.time()
    records = tuple(event_record(each.xml, message=each.message, now=now) for each in entries)
    return [Portion(stream="eventlog", records=records)] if records else []


def _of_others(provider: str) -> str:
    return f"*[System[Provider[@Name!={quoteattr(provider)}]]]"


def _escaped(query: str) -> str:
    return query.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
