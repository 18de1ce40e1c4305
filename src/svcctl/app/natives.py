"""What the agent knows of services that the system's own manager keeps, for whoever tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from svcctl.engine.bus import LocalBus
from svcctl.events import (
    AlertAcknowledged,
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUndelivered,
    Event,
    InstanceExited,
    InstanceSpawned,
    PhaseChanged,
)
from svcctl.ports import EventLog, InstanceStatus, Recorded
from svcctl.spec.service import ServiceSpec

_FAILED = "failed"
_DOWN = frozenset(("stopping", "stopped"))
_GONE = frozenset((_FAILED, "stopped", "finished", "backoff"))
"""Phases in which a service has no host, which could say how it is."""

_OF_ALERTS = frozenset(
    each.__name__
    for each in (AlertRaised, AlertAcknowledged, AlertEnded, AlertTold, AlertUndelivered)
)

Pages = Callable[[], Awaitable[Mapping[str, str]]]
"""Gives what each host that speaks with us counts and measures, by the name of its service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNatively:
    """A service as it is registered; its *spec* names the manager that keeps it.

    *hosted*: a host keeps its program, and can be asked; *in_journal*: the journal of systemd has
    what it writes.
    """

    spec: ServiceSpec
    revision: str
    hosted: bool
    in_journal: bool = False


async def _no_pages() -> Mapping[str, str]:
    return {}


class Natives:
    """The services of native managers; empty where nobody watches them.

    What happens to them is told on *bus*, apart from what happens to the agent's own: it is theirs
    to heal.  On *trail* is what is to be written down: what hosts say, and what no host can say.
    *problems* say by name why one cannot be seen.
    """

    def __init__(self) -> None:
        self.bus, self.trail = LocalBus(), LocalBus()
        self.problems: Mapping[str, str] = {}
        self.pages: Pages = _no_pages
        self._kept: dict[str, KeptNatively] = {}
        self._rows: dict[str, dict[str, InstanceStatus]] = {}

    @property
    def kept(self) -> Mapping[str, KeptNatively]:
        """Give all of them, by name."""
        return self._kept

    @property
    def specs(self) -> dict[str, ServiceSpec]:
        """Give their definitions, by name."""
        return {name: each.spec for name, each in self._kept.items()}

    @property
    def standing(self) -> list[InstanceStatus]:
        """Give how their instances are, as far as anybody has said."""
        return [row for rows in self._rows.values() for row in rows.values()]

    @property
    def unseen(self) -> frozenset[str]:
        """Name those of which nobody has said how they are."""
        return frozenset(self._kept.keys() - self._rows.keys())

    def know(self, kept: Mapping[str, KeptNatively]) -> bool:
        """Take in which there are; say whether that is news."""
        if kept == self._kept:
            return False
        self._kept = dict(kept)
        self._rows = {name: rows for name, rows in self._rows.items() if name in kept}
        return True

    def saw(
        self, service: str, rows: Iterable[InstanceStatus], *, now: float, outside: bool = False
    ) -> bool:
        """Take in how the instances of *service* are; say whether nobody had said so before.

        What nobody told is an event: a host that was killed, a unit that failed without one.
        *outside*: a manager says so, and what a host knows better stands in its log.
        """
        if service not in self._kept:
            return False
        known = self._rows.get(service)
        self._rows[service] = {row.instance: row for row in rows}
        for before in (known or {}).values():
            row = self._rows[service].get(before.instance, before)
            hosted = self._kept[service].hosted
            if hosted and _is_no_news(before.phase, row.phase, outside=outside):
                self._rows[service][row.instance] = before
            elif before.phase != row.phase:
                self._tell_change(_change(before, row, now=now))
        return known is None

    def _tell_change(self, event: PhaseChanged) -> None:
        """Tell what a manager says; of a host that lives it is less than the host says itself."""
        self.bus.publish(event)
        if not self._kept[event.service].hosted or event.new == _FAILED:
            self.trail.publish(event)

    def take(self, event: Event) -> None:
        """Take in what a host says has happened, and pass it on."""
        if _tells_its_end(event):
            return
        rows = self._rows.get(event.service, {})
        if event.instance in rows:
            rows[event.instance] = _after(rows[event.instance], event)
        if event.service in self._kept:
            self.bus.publish(event)
            self.trail.publish(event)

    def recall(self, event: Event) -> None:
        """Have written down what a host says has happened before we were there: it is no news."""
        if event.service in self._kept and not _tells_its_end(event):
            self.trail.publish(event)


class OwnTrail:
    """What the agent wrote down, without what it heard of *natives*: they were told of already."""

    def __init__(self, events: EventLog, natives: Natives) -> None:
        self._events, self._natives = events, natives

    def append(self, event: Event) -> None:
        """See :class:`svcctl.ports.EventLog`."""
        self._events.append(event)

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """See :class:`svcctl.ports.EventLog`; what people were told of them is the agent's own."""
        found = self._events.read(services=services, after=after, since=since, limit=limit)
        kept = self._natives.kept
        return [each for each in found if each.service not in kept or each.kind in _OF_ALERTS]


def _tells_its_end(event: Event) -> bool:
    """Say whether a host says that it ends, with its service that has failed.

    That this stops the service too is no news; its manager says whether somebody asked for it.
    """
    return isinstance(event, PhaseChanged) and event.old == _FAILED and event.new in _DOWN


def _is_no_news(before: str, after: str, *, outside: bool) -> bool:
    """Say whether a host is there which tells better, or one that goes down with what failed."""
    return after not in _GONE if outside else before == _FAILED and after in _DOWN


def _after(row: InstanceStatus, event: Event) -> InstanceStatus:
    match event:
        case PhaseChanged(new=phase, reason=reason):
            return replace(row, phase=phase, reason=reason)
        case InstanceSpawned(pid=pid, at=at):
            return replace(row, pid=pid, started_at=at)
        case InstanceExited(code=code, signal=signal):
            return replace(row, pid=None, exit_code=code, exit_signal=signal)
        case _:
            return row


def _change(before: InstanceStatus, after: InstanceStatus, *, now: float) -> PhaseChanged:
    return PhaseChanged(
        at=now,
        service=after.service,
        instance=after.instance,
        old=before.phase,
        new=after.phase,
        reason=after.reason,
    )
