"""What is printed is what scrapers read: to the letter, and through their own parsers."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.observe.metrics.exposition import TYPE
from svcctl.sdk.metrics.exposition import OPEN, number
from svcctl.sdk.metrics.registry import Registry

TYPE_TEXT = r"""# HELP jobs_total Jobs "done" \\ or not,\nby name.
# TYPE jobs_total counter
jobs_total{job="a\\b\"c\nd"} 2.0
# TYPE load gauge
load -0.5
# HELP took_seconds Length.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="1.0"} 1
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 2.25
took_seconds_count 2
"""

some_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.histogram("took_seconds", "Length.", buckets=(0.5, 1)).observe(0.25)
    made.histogram("took_seconds", "Length.", buckets=(0.5, 1)).observe(2)
    made.gauge("load").set(-0.5)
    made.counter("jobs", 'Jobs "done" \\ or not,\nby name.', labels=["job"]).add(2, job='a\\b"c\nd')
    return made


def test_the_text_format_is_met_to_the_letter(registry: Registry) -> None:
    kind, text = registry.exposition(open_metrics=False)

    assert kind == TYPE
    assert text.decode() == TYPE_TEXT


def test_open_metrics_names_families_without_total_and_ends_with_eof(registry: Registry) -> None:
    kind, text = registry.exposition(open_metrics=True)

    lines = text.decode().splitlines()
    assert kind == OPEN
    assert lines[0] == r"# HELP jobs Jobs \"done\" \\ or not,\nby name."
    assert lines[1] == "# TYPE jobs counter"
    assert lines[2].startswith("jobs_total{")
    assert lines[-1] == "# EOF"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1.0"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_printed_as_the_formats_have_them(value: float, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize("open_metrics", [False, True], ids=["plain", "open"])
@given(label=some_text, text=some_text, amount=st.floats(0, allow_nan=False, allow_infinity=False))
def test_their_own_parser_reads_what_was_counted(
    open_metrics: bool, label: str, text: str, amount: float
) -> None:
    pytest.importorskip("prometheus_client")
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as open_parser

    registry = Registry()
    registry.counter("jobs", text, labels=["job"]).add(amount, job=label)
    registry.histogram("took", labels=["job"], buckets=(0.5, 1)).observe(0.7, job=label)

    printed = registry.exposition(open_metrics=open_metrics)[1].decode()
    read = open_parser if open_metrics else parser
    families = {each.name: each for each in read.text_string_to_metric_families(printed)}

    samples = {each.name: each for each in families["jobs"].samples}
    assert samples["jobs_total"].value == amount
    assert samples["jobs_total"].labels == {"job": label}
    buckets = [each.value for each in families["took"].samples if each.name == "took_bucket"]
    assert buckets == [0, 1, 1]


def test_no_line_is_broken_by_what_stands_in_it() -> None:
    registry = Registry()
    registry.gauge("load", "a\nb", labels=["x"]).set(1, x="c\nd")

    lines = registry.exposition(open_metrics=False)[1].decode().splitlines()

    assert all(re.match(r"# (HELP|TYPE) load |load\{", each) for each in lines)
