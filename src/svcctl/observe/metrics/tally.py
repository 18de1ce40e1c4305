"""Counts what the engine states, so that scrapers see what happened between two looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from svcctl.events import (
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUndelivered,
    CapturePaused,
    CaptureResumed,
    Event,
    FindingEnded,
    FindingMade,
    HealingDone,
    HealingHeld,
    InstanceExited,
    InstanceSpawned,
    ProbeFailed,
)
from svcctl.observe.metrics import catalogue
from svcctl.observe.metrics.exposition import Family

_LEAK = "leak"
Labels = tuple[str, ...]


class Tally:
    """A subscriber of the bus, and whoever else counts by :meth:`add`."""

    def __init__(self) -> None:
        self._counts: dict[Family, dict[Labels, float]] = {}
        self._findings: dict[tuple[str, str], Labels] = {}
        self._alerts: dict[str, Labels] = {}
        self._paused: dict[Labels, set[str]] = {}
        self._count_of: Mapping[type[Event], Callable[..., None]] = {
            InstanceSpawned: self._spawned,
            InstanceExited: self._exited,
            ProbeFailed: self._probe_failed,
            CapturePaused: self._capture_paused,
            CaptureResumed: self._capture_resumed,
            FindingMade: self._found,
            FindingEnded: self._found_no_more,
            HealingDone: self._healed,
            HealingHeld: self._held,
            AlertRaised: self._raised,
            AlertEnded: self._ended,
            AlertTold: self._told,
            AlertUndelivered: self._undelivered,
        }

    def notice(self, event: Event) -> None:
        """Count *event*."""
        self.add(catalogue.EVENTS, type(event).__name__)
        count = self._count_of.get(type(event))
        if count is not None:
            count(event)

    def add(self, family: Family, *labels: str, by: float = 1) -> None:
        """Count one more, or so much more."""
        counts = self._counts.setdefault(family, {})
        counts[labels] = counts.get(labels, 0) + by

    def samples(self, services: Iterable[str]) -> list[tuple[Family, Mapping[str, float]]]:
        """Give what was counted since the agent started, and what is open now.

        Forgets services that are none of *services* any more.
        """
        self._forget_others(frozenset(services))
        return [
            *(
                (family, {family.series(*labels): n for labels, n in counts.items()})
                for family, counts in self._counts.items()
            ),
            (
                catalogue.PAUSED,
                {catalogue.PAUSED.series(*where): len(at) for where, at in self._paused.items()},
            ),
            (catalogue.FINDINGS_OPEN, _sums(catalogue.FINDINGS_OPEN, self._findings.values())),
            (catalogue.FIRING, _sums(catalogue.FIRING, self._alerts.values())),
        ]

    def suspects(self) -> frozenset[str]:
        """Name the services and instances that are said to leak now."""
        return frozenset(where for (where, _), (_, kind) in self._findings.items() if kind == _LEAK)

    def _forget_others(self, services: frozenset[str]) -> None:
        for family, counts in self._counts.items():
            if family.labels[:1] == ("service",):
                for labels in [each for each in counts if each[0] and each[0] not in services]:
                    del counts[labels]
        for where in [each for each in self._paused if each[0] not in services]:
            del self._paused[where]

    def _spawned(self, event: InstanceSpawned) -> None:
        self.add(catalogue.STARTS, event.service, event.instance)

    def _exited(self, event: InstanceExited) -> None:
        status = event.signal or ("unknown" if event.code is None else str(event.code))
        self.add(catalogue.EXITS, event.service, event.instance, status)

    def _probe_failed(self, event: ProbeFailed) -> None:
        labels = event.service, event.instance, event.probe, str(event.purpose)
        self.add(catalogue.PROBE_FAILURES, *labels)

    def _capture_paused(self, event: CapturePaused) -> None:
        self._paused.setdefault((event.service, event.instance), set()).add(event.stream)

    def _capture_resumed(self, event: CaptureResumed) -> None:
        self._paused.get((event.service, event.instance), set()).discard(event.stream)

    def _found(self, event: FindingMade) -> None:
        self.add(catalogue.FINDINGS, event.service, event.kind)
        where = event.instance or event.service
        self._findings[where, event.pattern] = event.service, event.kind

    def _healed(self, event: HealingDone) -> None:
        self.add(catalogue.HEALINGS, event.service, event.outcome)

    def _held(self, event: HealingHeld) -> None:
        self.add(catalogue.HEALINGS, event.service, "held")

    def _found_no_more(self, event: FindingEnded) -> None:
        self._findings.pop((event.instance or event.service, event.pattern), None)

    def _raised(self, event: AlertRaised) -> None:
        self.add(catalogue.ALERTS, event.service, event.priority)
        self._alerts[event.fingerprint] = event.service, event.priority

    def _ended(self, event: AlertEnded) -> None:
        self._alerts.pop(event.fingerprint, None)

    def _told(self, event: AlertTold) -> None:
        self.add(catalogue.NOTIFICATIONS, event.channel, "told")

    def _undelivered(self, event: AlertUndelivered) -> None:
        self.add(catalogue.NOTIFICATIONS, event.channel, "undelivered")


def _sums(family: Family, found: Iterable[Labels]) -> Mapping[str, float]:
    return Counter(family.series(*labels) for labels in found)
