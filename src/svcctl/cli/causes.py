"""Tells which events follow from which: probe failed, restarted, healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Happening = Mapping[str, Any]
"""``number``, ``kind``, ``service``, ``instance`` and ``fields`` of an event."""

_TROUBLE = frozenset(
    ("ProbeFailed", "CrashSeen", "MemoryExceeded", "CapturePaused", "FindingMade", "HookFailed")
)
_BROKEN = frozenset(("backoff", "failed"))
_AT_REST = frozenset(("stopped", "finished"))
_ABOUT_A_CHAIN = frozenset(
    (
        *("AlertRaised", "AlertAcknowledged", "AlertEnded", "AlertTold", "AlertUndelivered"),
        *("HealingBegun", "HealingDone", "HealingHeld"),
    )
)
_PURPOSES = frozenset(("live", "ready"))


@dataclass(slots=True)
class _Chain:
    """What happened since the event called *begun*; *failing* are the probes that still fail."""

    begun: int
    failing: set[str] = field(default_factory=set)
    is_over: bool = False


@dataclass(slots=True)
class Chains:
    """The chains of all instances, as their events are taken in, in order."""

    _chains: dict[str, _Chain] = field(default_factory=dict)
    _stopping: set[str] = field(default_factory=set)

    def cause(self, event: Happening) -> int | None:
        """Give the number of the event that this one follows from, None where it begins afresh."""
        instance = event["instance"] or event["service"]
        chain = self._chains.get(instance)
        if chain is not None and event["kind"] in _ABOUT_A_CHAIN:
            return chain.begun
        if chain is not None and not chain.is_over:
            self._note(chain, event)
            return chain.begun
        if self._is_trouble(event, instance):
            self._chains[instance] = begun = _Chain(begun=event["number"])
            self._note(begun, event)
        self._watch(event, instance)
        return None

    def _is_trouble(self, event: Happening, instance: str) -> bool:
        fields = event["fields"]
        match event["kind"]:
            case "InstanceExited":
                failed = bool(fields["signal"]) or fields["code"] != 0
                return failed and instance not in self._stopping
            case "PhaseChanged":
                return fields["new"] in _BROKEN
            case kind:
                return kind in _TROUBLE

    def _watch(self, event: Happening, instance: str) -> None:
        """Know who is being stopped: how that ends is no trouble."""
        if event["kind"] == "PhaseChanged":
            if event["fields"]["new"] == "stopping":
                self._stopping.add(instance)
            else:
                self._stopping.discard(instance)

    def _note(self, chain: _Chain, event: Happening) -> None:
        """Take in whether all is well again: it runs, and what it was asked for it answers."""
        fields = event["fields"]
        match event["kind"]:
            case "ProbeFailed" if fields["purpose"] in _PURPOSES:
                chain.failing.add(fields["probe"])
            case "ProbePassed":
                chain.failing.discard(fields["probe"])
                chain.is_over = not chain.failing
            case "CaptureResumed" | "FindingEnded":
                chain.is_over = not chain.failing
            case "PhaseChanged" if fields["new"] in _AT_REST:
                chain.is_over = True
            case "PhaseChanged" if fields["new"] == "running":
                chain.is_over = not chain.failing
