"""Prints metrics as scrapers read them: Prometheus' text format 0.0.4, and OpenMetrics 1.0.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from svcctl.observe.metrics.exposition import TYPE, escaped, quotable, series_name
from svcctl.sdk.metrics.instruments import Declaration, Kind, Series

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def exposition(
    collected: Iterable[tuple[Declaration, Iterable[Series]]], *, open_metrics: bool
) -> tuple[str, bytes]:
    """Give media type and text of what was *collected*."""
    lines = [line for found in collected for line in _lines(*found, open_metrics)]
    if open_metrics:
        lines.append("# EOF")
    text = "".join(f"{line}\n" for line in lines)
    return (OPEN if open_metrics else TYPE), text.encode()


def _lines(
    declaration: Declaration,
    series: Iterable[Series],
    open_metrics: bool,
) -> Iterator[str]:
    total = "_total" if declaration.kind is Kind.COUNTER else ""
    family = declaration.name if open_metrics else f"{declaration.name}{total}"
    if declaration.text:
        yield f"# HELP {family} {(quotable if open_metrics else escaped)(declaration.text)}"
    yield f"# TYPE {family} {declaration.kind}"
    for each in series:
        if declaration.kind is Kind.HISTOGRAM:
            yield from _histogram(declaration, each)
        else:
            name = series_name(f"{declaration.name}{total}", declaration.labels, each.labels)
            yield f"{name} {number(each.value)}"


def _histogram(declaration: Declaration, series: Series) -> Iterator[str]:
    name, labels = declaration.name, declaration.labels
    for bound, count in zip((*declaration.buckets, math.inf), series.counts, strict=True):
        bounded = (*series.labels, number(bound))
        yield f"{series_name(f'{name}_bucket', (*labels, 'le'), bounded)} {count}"
    yield f"{series_name(f'{name}_sum', labels, series.labels)} {number(series.value)}"
    yield f"{series_name(f'{name}_count', labels, series.labels)} {series.counts[-1]}"


def number(value: float) -> str:
    """Print a number as both formats have it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))
