"""What log lines say of success and of time, as detectors are told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the records in a batch of lines say.

    *records*: how many they are, *failed*: the line in which each error among them begins, counted
    from 0.  *requests*: how many of them have an HTTP status, and how many of those *broke*.
    *took*: seconds, by the line that says so.
    """

    records: int = 0
    failed: tuple[int, ...] = ()
    requests: int = 0
    broke: int = 0
    took: Mapping[int, float] = field(default_factory=dict)
