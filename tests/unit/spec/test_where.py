"""Conditions on fields: numbers as numbers, all else as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.where import parse_where

FIELDS = {
    "status": 503,
    "took": "12.50",
    "method": "GET",
    "ok": False,
    "http": {"path": "/a b", "size": 7},
    "user.id": "u1",
    "huge": "9" * 400,
    "none": None,
}


def holds(text: str) -> bool:
    return all(each.holds(FIELDS) for each in parse_where(text))


@pytest.mark.parametrize(
    "text",
    [
        "status>=500",
        "status > 502 and status<504",
        "status=503",
        "status==503.0",
        "took<12.51",
        "took=12.5",
        "method=GET and method!=POST",
        "ok=false",
        "http.path='/a b'",
        'http.path="/a b" and http.size<=7',
        "user.id=u1",
        "method",
        "method!='a and b'",
    ],
)
def test_a_condition_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "status>503",
        "method>1",
        "missing!=1",
        "missing",
        "none",
        "http.missing",
        "status.x",
        "huge>1",
    ],
)
def test_a_condition_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text", ["", " ", ">=5", "a b", "a=", "a>=x", "a=1 and", "a=1 or b=2", "a='"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        parse_where(text)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        conditions = parse_where(text)
    except SpecError:
        return

    assert all(each.name for each in conditions)
    assert [each.holds(FIELDS) for each in conditions]
