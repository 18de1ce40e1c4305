"""Tells when something comes and goes so often that each change is no news: pure.

As Nagios does it (*Detection and Handling of State Flapping*): of the last 20 changes the newer
weigh more; above a share it flaps, below a lower one it no longer does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_LENGTH = 20
_OLDEST, _NEWEST = 0.8, 1.2  # weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """What is known of one alert: *changes*, oldest first, each whether it was one."""

    changes: tuple[bool, ...] = ()
    flaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Shares of changes, from 0 to 1: it begins to flap above *high*, and stops below *low*."""

    high: float = 0.5
    low: float = 0.25


def observed(flapping: Flapping, bounds: Bounds, *, changed: bool) -> Flapping:
    """Take in one look at the alert: whether it fires, and did not before, or the reverse."""
    changes = (*flapping.changes, changed)[-_LENGTH:]
    share = weighted(changes)
    flaps = share > bounds.high if not flapping.flaps else share >= bounds.low
    return replace(flapping, changes=changes, flaps=flaps)


def weighted(changes: tuple[bool, ...]) -> float:
    """Give the share of changes among the last 20 looks, from 0 to 1, newer ones weighing more."""
    missing = _LENGTH - len(changes)
    step = (_NEWEST - _OLDEST) / (_LENGTH - 1)
    weights = [_OLDEST + step * (missing + place) for place in range(len(changes))]
    return sum(weight for weight, each in zip(weights, changes, strict=True) if each) / _LENGTH
