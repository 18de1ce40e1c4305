"""Whatever is handed over can be written, and what hides itself stays hidden."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import pathlib
import sys
import uuid
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.logs.encoding import Encoding, best, with_json
from svcctl.sdk.logs.plain import plain


class HiddenText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


class HiddenNumber(int):
    def __repr__(self) -> str:
        return "***"


class HiddenTable(dict[str, str]):
    def __repr__(self) -> str:
        return "***"


class HiddenList(list[str]):
    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class HiddenMember:
    password: str = field(repr=False, default="swordfish")


class Colour(enum.Enum):
    RED = "red"


class Text(str):
    __slots__ = ()


class Refusing:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class RefusingTable(dict[str, str]):
    def items(self) -> Any:
        raise RuntimeError("no")


SECRETS = [
    HiddenText("swordfish"),
    HiddenTable(a="swordfish"),
    HiddenList(["swordfish"]),
    HiddenMember(),
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda each: type(each).__name__)
def test_a_secret_stays_hidden_wherever_it_stands(encoding: Encoding, secret: object) -> None:
    for fields in ({"a": secret}, {"a": [secret]}, {"a": {"b": secret}}, {"a": ({"b": [secret]},)}):
        found = encoding.table(dict(fields))

        assert b"swordfish" not in found
        assert json.loads(found)


def test_a_secret_that_is_a_key_stays_hidden(encoding: Encoding) -> None:
    found = encoding.table({"a": {HiddenText("swordfish"): 1}})

    assert json.loads(found) == {"a": {"***": 1}}


def test_a_number_may_hide_itself_too(encoding: Encoding) -> None:
    assert json.loads(encoding.table({"pin": HiddenNumber(4711)})) == {"pin": "***"}


MOMENT = dt.datetime(2026, 11, 21, 14, 0, tzinfo=dt.UTC)
SHOWN: list[tuple[object, object]] = [
    (None, None),
    (True, True),
    ('a\n"b"\x00ü', 'a\n"b"\x00ü'),
    (Text("plain"), "plain"),
    ("\ud800", "\\ud800"),
    (2**63 - 1, 2**63 - 1),
    (float("nan"), None),
    (1.5, 1.5),
    (b"ab", "b'ab'"),
    (Colour.RED, "red"),
    (MOMENT, "2026-11-21T14:00:00+00:00"),
    (MOMENT.date(), "2026-11-21"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (decimal.Decimal("1.10"), "1.10"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    ((1, [2, {"a": 3}]), [1, [2, {"a": 3}]]),
    ({1: {2: 3}}, {"1": {"2": 3}}),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(list, a=[1]), {"a": [1]}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    ({1}, [1]),
    (deque([1]), "deque([1])"),
    (Refusing(), "<Refusing that cannot be shown>"),
    (ValueError("x"), "ValueError('x')"),
]


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=lambda each: type(each).__name__)
def test_a_value_is_written_as_itself_or_as_its_repr(
    encoding: Encoding, value: object, shown: object
) -> None:
    assert json.loads(encoding.table({"a": value})) == {"a": shown}


def test_a_number_that_few_can_read_does_no_harm(encoding: Encoding) -> None:
    (found,) = json.loads(encoding.table({"a": 2**70})).values()

    assert int(found) == 2**70


def test_a_table_that_contains_itself_comes_to_an_end(encoding: Encoding) -> None:
    table: dict[str, object] = {"a": 1}
    table["self"] = table

    found = json.loads(encoding.table({"table": table}))

    assert found["table"]["a"] == 1


def test_a_table_that_refuses_to_be_read_is_shown(encoding: Encoding) -> None:
    assert json.loads(encoding.table({"a": RefusingTable(b="c")})) == {"a": {"b": "c"}}


some_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(fields=st.dictionaries(st.text(), some_value, max_size=5))
def test_what_json_can_hold_is_written_as_it_is(fields: dict[str, object]) -> None:
    for each in (best(), with_json()):
        assert json.loads(each.table(fields)) == fields


some_object = (
    st.binary()
    | st.datetimes()
    | st.decimals()
    | st.uuids()
    | st.complex_numbers()
    | st.floats()
    | st.integers()
    | st.text(alphabet=st.characters(codec=None))
    | st.frozensets(st.integers() | st.binary())
)


@given(fields=st.dictionaries(st.text(alphabet=st.characters(codec=None)), some_object))
def test_nothing_that_can_be_drawn_makes_it_fail(fields: dict[str, object]) -> None:
    for each in (best(), with_json()):
        json.loads(each.table(fields))


def test_what_lies_too_deep_is_shown() -> None:
    assert plain({"a": {"b": 1}}, 1) == {"a": "{'b': 1}"}


def test_the_fastest_that_is_installed_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [name for name in ("orjson", "msgspec", "json") if find_spec(name)]
    names = []

    for absent in installed:
        names.append(best().name)
        if absent != "json":
            monkeypatch.setitem(sys.modules, absent, None)

    assert names == installed
