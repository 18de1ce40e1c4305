"""Prints many samples fast, in the text format that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The media type of what :func:`render` gives."""

_REMEMBERED = 20_000  # names of series in one family


class Kind(StrEnum):
    """What a number means: one that only grows, or one that goes up and down."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """All series of one name; *labels* tell them apart.  There is one of each: no two are equal."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    _known: dict[tuple[str, ...], str] = field(default_factory=dict, init=False, repr=False)

    def series(self, *values: str) -> str:
        """Name the series with these label values, in the order of *labels*, as it is printed."""
        found = self._known.get(values)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[values] = series_name(self.name, self.labels, values)
        return found


Samples = Iterable[tuple[Family, Mapping[str, float]]]
"""Numbers by the names of their series, see :meth:`Family.series`."""


def render(samples: Samples) -> str:
    """Give the page; a family without a series is left out."""
    lines: list[str] = []
    for family, values in samples:
        if values:
            lines.append(f"# HELP {family.name} {escaped(family.help)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines += [f"{series} {value}" for series, value in values.items()]
    return "\n".join([*lines, ""])


def read_back(
    page: str, families: Mapping[str, Family]
) -> Iterator[tuple[Family, dict[str, float]]]:
    """Give the numbers of *families*, by their names, on a page that :func:`render` gave.

    What is no sample is passed over.
    """
    found: dict[str, dict[str, float]] = {}
    for line in page.split("\n"):  # a label may hold any other end of a line
        name = line.partition("{")[0]
        if name in families:
            series, _, value = line.rpartition(" ")
            with suppress(ValueError):
                found.setdefault(name, {})[series] = _number(value)
    return ((families[name], values) for name, values in found.items())


def _number(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)


def series_name(name: str, labels: Iterable[str], values: Iterable[str]) -> str:
    """Name a series by its labels and their values, in that order, as it is printed."""
    pairs = zip(labels, values, strict=True)
    inner = ",".join(f'{label}="{quotable(value)}"' for label, value in pairs)
    return f"{name}{{{inner}}}" if inner else name


def escaped(text: str) -> str:
    """Print *text* on one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def quotable(text: str) -> str:
    """Print *text* so that it may stand between quotes."""
    return escaped(text).replace('"', '\\"')
