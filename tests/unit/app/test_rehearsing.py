"""A log is replayed the same, however it is cut into parts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.rehearsing import Rehearsal
from svcctl.spec.log_rule import LogRule

RULES = {"web": (LogRule(match="^Error", cooldown=0), LogRule(match="x", count=2, within=60))}
LOG = (
    b"2026-11-21T10:00:00Z x\nTraceback (most recent call last):\n  File a\nError: b\n"
    b"2026-11-21T10:00:30Z x\r\nno time x\n2026-11-21T10:05:00Z end"
)


def replayed(*parts: bytes) -> tuple[list[tuple[str, float]], int, int]:
    rehearsal = Rehearsal(RULES, form="", now=2e9)
    outcomes = [each for part in parts for each in rehearsal.feed(part)] + rehearsal.end()
    told = [(type(each).__name__, each.at) for each in outcomes]
    return told, rehearsal.extent.records, rehearsal.extent.timeless


def test_a_log_is_told_record_by_record() -> None:
    told, records, timeless = replayed(LOG)

    fired = [at for kind, at in told if kind == "Fired"]
    assert fired == [1795255200.0, 1795255230.0]
    assert (records, timeless) == (5, 2)
    assert Rehearsal(RULES, form="json", now=1.0).form == "json"


@pytest.mark.slow
@given(st.lists(st.integers(0, len(LOG)), max_size=5).map(sorted))
def test_it_does_not_matter_where_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(LOG)]
    parts = [LOG[begin:end] for begin, end in pairwise(edges)]

    assert replayed(*parts) == replayed(LOG)


def test_a_line_without_an_end_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcctl.app.replaying._MOST", 1000)
    rehearsal = Rehearsal(RULES, form="", now=2e9)

    outcomes = [each for _ in range(3) for each in rehearsal.feed(b"Error" + b"y" * 500)]

    assert [each.rule.match for each in outcomes] == ["^Error"]
