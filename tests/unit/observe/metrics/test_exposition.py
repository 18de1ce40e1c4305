"""The page that scrapers read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from svcctl.observe.metrics.catalogue import FAMILIES, UP
from svcctl.observe.metrics.exposition import Family, Kind, read_back, render

HEAT = Family(name="heat", kind=Kind.GAUGE, help="How hot.", labels=("room",))
STEPS = Family(name="steps_total", kind=Kind.COUNTER, help="How far.")


def test_a_family_is_printed_with_what_it_means() -> None:
    page = render([(HEAT, {HEAT.series("hall"): 21.5}), (STEPS, {STEPS.series(): 3})])

    assert page.splitlines() == [
        "# HELP heat How hot.",
        "# TYPE heat gauge",
        'heat{room="hall"} 21.5',
        "# HELP steps_total How far.",
        "# TYPE steps_total counter",
        "steps_total 3",
    ]
    assert page.endswith("\n")


def test_a_family_without_series_is_left_out() -> None:
    assert render([(HEAT, {})]) == ""


def test_as_many_values_as_labels_are_wanted() -> None:
    with pytest.raises(ValueError, match="shorter"):
        UP.series("web")


@given(room=st.text(), value=st.floats(allow_nan=False) | st.integers(0, 2**53))
def test_what_is_printed_is_read_back(room: str, value: float) -> None:
    page = render([(HEAT, {HEAT.series(room): value})])

    (family,) = text_string_to_metric_families(page)

    assert [(each.labels, each.value) for each in family.samples] == [({"room": room}, value)]


@given(room=st.text(), value=st.floats(allow_nan=False) | st.integers(0, 2**53))
def test_an_agent_reads_back_what_a_host_printed(room: str, value: float) -> None:
    printed = {HEAT.series(room): value}
    page = render([(HEAT, printed), (STEPS, {STEPS.series(): 3})])

    assert list(read_back(page, {"heat": HEAT})) == [(HEAT, printed)]


def test_what_is_no_sample_is_passed_over() -> None:
    page = 'heat{room="hall"} warm\n# heat{room="x"} 1\nheat\ncold{room="hall"} 1\n'

    assert list(read_back(page, {"heat": HEAT})) == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions(family: Family) -> None:
    assert family.name.startswith("svcctl_")
    assert family.name.endswith("_total") == (family.kind is Kind.COUNTER)
    assert family.help.endswith(".")


def test_no_name_is_used_twice() -> None:
    names = [each.name for each in FAMILIES]

    assert len(names) == len(set(names))
