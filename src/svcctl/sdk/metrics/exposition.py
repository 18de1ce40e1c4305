"""Prints metrics as scrapers read them: Prometheus' text format 0.0.4, and OpenMetrics 1.0.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from svcctl.sdk.metrics.instruments import Declaration, Kind, Series

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def exposition(
    collected: Iterable[tuple[Declaration, Iterable[Series]]], *, open_metrics: bool
) -> tuple[str, bytes]:
    """Give media type and text of what was *collected*."""
    lines = [line for found in collected for line in _lines(*found, open_metrics)]
    if open_metrics:
        lines.append("# EOF")
    text = "".join(f"{line}\n" for line in lines)
    return (OPEN if open_metrics else PLAIN), text.encode()


def _lines(
    declaration: Declaration,
    series: Iterable[Series],
    open_metrics: bool,
) -> Iterator[str]:
    total = "_total" if declaration.kind is Kind.COUNTER else ""
    family = declaration.name if open_metrics else f"{declaration.name}{total}"
    if declaration.text:
        yield f"# HELP {family} {_escaped_help(declaration.text, quotes=open_metrics)}"
    yield f"# TYPE {family} {declaration.kind}"
    for each in series:
        pairs = list(zip(declaration.labels, each.labels, strict=True))
        if declaration.kind is Kind.HISTOGRAM:
            yield from _histogram(declaration, each, pairs)
        else:
            yield f"{declaration.name}{total}{_labels(pairs)} {number(each.value)}"


def _histogram(
    declaration: Declaration, series: Series, pairs: Sequence[tuple[str, str]]
) -> Iterator[str]:
    name = declaration.name
    for bound, count in zip((*declaration.buckets, math.inf), series.counts, strict=True):
        yield f"{name}_bucket{_labels([*pairs, ('le', number(bound))])} {count}"
    yield f"{name}_sum{_labels(pairs)} {number(series.value)}"
    yield f"{name}_count{_labels(pairs)} {series.counts[-1]}"


def number(value: float) -> str:
    """Print a number as both formats have it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))


def _labels(pairs: Sequence[tuple[str, str]]) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _escaped_help(text: str, *, quotes: bool) -> str:
    found = text.replace("\\", "\\\\").replace("\n", "\\n")
    return found.replace('"', '\\"') if quotes else found
