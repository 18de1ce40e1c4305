"""Makes each metric once and checks all that is said to it, whoever keeps the numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from svcctl.errors import UsageError
from svcctl.sdk.metrics.instruments import (
    SECONDS,
    Declaration,
    Kind,
    declared,
    label_values,
    same,
)

Values = tuple[str, ...]
"""Of the labels, in the order declared."""


class Numbers(Protocol):
    """The numbers of one metric; it is asked for what its kind can do, in any thread."""

    def change(self, amount: float, labels: Values) -> None:
        """Add *amount* to a counter, or to a gauge."""

    def replace(self, value: float, labels: Values) -> None:
        """Put *value* in the place of that of a gauge."""

    def take_in(self, value: float, labels: Values) -> None:
        """Count *value* in its bucket of a histogram."""


@dataclass(frozen=True, slots=True)
class _Counter:
    declaration: Declaration
    numbers: Numbers

    def add(self, amount: float = 1.0, /, **labels: str) -> None:
        """Add *amount*, which is not negative."""
        if not amount >= 0:
            name = self.declaration.name
            raise UsageError(f"counter {name!r} cannot change by {amount}", hint="use a gauge")
        self.numbers.change(amount, label_values(self.declaration, labels))


@dataclass(frozen=True, slots=True)
class _Gauge:
    declaration: Declaration
    numbers: Numbers

    def set(self, value: float, /, **labels: str) -> None:
        """Tell the new value."""
        self.numbers.replace(value, label_values(self.declaration, labels))

    def add(self, amount: float, /, **labels: str) -> None:
        """Change the value."""
        self.numbers.change(amount, label_values(self.declaration, labels))


@dataclass(frozen=True, slots=True)
class _Histogram:
    declaration: Declaration
    numbers: Numbers

    def observe(self, value: float, /, **labels: str) -> None:
        """Take one value in."""
        self.numbers.take_in(value, label_values(self.declaration, labels))


class Made:
    """A :class:`Metrics`; *keep* gives the numbers of a metric that is declared, once for each."""

    def __init__(self, keep: Callable[[Declaration], Numbers]) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Declaration, Numbers]] = {}

    def counter(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Counter:
        """Give the counter *name*."""
        return _Counter(*self._made(declared(Kind.COUNTER, name, text, labels)))

    def gauge(self, name: str, text: str = "", *, labels: Sequence[str] = ()) -> _Gauge:
        """Give the gauge *name*."""
        return _Gauge(*self._made(declared(Kind.GAUGE, name, text, labels)))

    def histogram(
        self,
        name: str,
        text: str = "",
        *,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = SECONDS,
    ) -> _Histogram:
        """Give the histogram *name*."""
        return _Histogram(*self._made(declared(Kind.HISTOGRAM, name, text, labels, buckets)))

    def _made(self, wanted: Declaration) -> tuple[Declaration, Numbers]:
        with self._lock:
            found = self._known.get(wanted.name)
            if found is None:
                found = self._known[wanted.name] = (wanted, self._keep(wanted))
        same(wanted, found[0])
        return found
