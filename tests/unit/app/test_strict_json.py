"""JSON that everybody reads alike, or none."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.strict_json import strict_json
from svcctl.errors import UsageError


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    ).filter(lambda each: "Infinity" not in json.dumps(each))
)
def test_what_is_plain_is_read_as_it_is(document: object) -> None:
    assert strict_json(json.dumps(document)) == document


@pytest.mark.parametrize(
    "text",
    [
        *(
            '{"a": 1, "a": 1}',
            '[{"b": {"a": 1, "a": 2}}]',
            "NaN",
            "[-Infinity]",
            "1e999",
            "[1e999]",
        ),
        *("", "{", "[" * 100_000, "9" * 5_000, "'a'", "\ufeff{}", "{}{}", b"\xff", '"\x00"'),
    ],
)
def test_what_two_readers_take_for_two_things_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not JSON"):
        strict_json(text)


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_comes_it_is_read_or_refused(content: bytes | str) -> None:
    with suppress(UsageError):
        strict_json(content)
