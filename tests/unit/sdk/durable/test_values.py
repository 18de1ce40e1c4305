"""What can be remembered, and what cannot."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import StateFault, UsageError
from svcctl.sdk.durable.values import decoded, encoded

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def typed(value: Any) -> Any:
    """Give *value* with the type of all that is in it: True and 1 are equal, and not the same."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    return type(value), repr(value)


@given(JSON)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert typed(decoded(encoded(value, "it"), "it")) == typed(value)


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ((1, 2), "state 'a' is of type tuple"),
        ({"b": [{1}]}, r"state 'a'.b\[0\] is of type set"),
        ({1: 2}, "state 'a' has a key of type int"),
        (Colour.RED, "state 'a' is of type Colour"),
        (b"x", "state 'a' is of type bytes"),
        (float("nan"), "state 'a' is nan"),
        ([float("inf")], r"state 'a'\[0\] is inf"),
    ],
)
def test_what_would_come_back_as_something_else_is_refused(value: object, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        encoded(value, "state 'a'")


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(UsageError, match="is too deep, or in itself"):
        encoded(value, "it")


def test_a_refused_value_is_not_shown() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "hunter2"

    with pytest.raises(UsageError) as caught:
        encoded([Secret()], "it")

    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_damaged_text_is_told() -> None:
    with pytest.raises(StateFault, match="state 'a' is damaged"):
        decoded(json.dumps({"a": 1})[:-1], "state 'a'")
