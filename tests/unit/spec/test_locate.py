"""Positions agree with what tomllib reads."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.spec.locate import DEEPEST, KeyPath, Places, Position, TooDeepError


def test_keys_values_and_items_are_found_where_they_stand() -> None:
    text = """\
title = "x"  # = not here
a.b.c = 1
"quoted \\"key\\"".'literal' = [ 1,
  { deep = true, other.key = [[2]] },  # , ] }
  '''a
'b'' ]''', 4
]

[table . "dotted.name"]
  when = 1979-05-27 07:32:00
[[table.list]]
x = 1
[table.list.sub]
y = 2
[[table.list]]
x = "\u4e2d\u6587"
"""

    places = Places(text)

    def value(*path: str | int) -> tuple[int, int]:
        found = places.find(path).value
        return found.line, found.column

    assert value("title") == (1, 9)
    assert value("a", "b", "c") == (2, 9)
    assert places.find(("a", "b")).key == Position(line=2, column=3)
    assert value('quoted "key"', "literal", 0) == (3, 32)
    assert value('quoted "key"', "literal", 1, "deep") == (4, 12)
    assert value('quoted "key"', "literal", 1, "other", "key", 0, 0) == (4, 32)
    assert value('quoted "key"', "literal", 2) == (5, 3)
    assert value('quoted "key"', "literal", 3) == (6, 12)
    assert places.find(("table", "dotted.name")).key == Position(line=9, column=10)
    assert value("table", "dotted.name", "when") == (10, 10)
    assert value("table", "list", 0, "x") == (12, 5)
    assert value("table", "list", 0, "sub", "y") == (14, 5)
    assert places.find(("table", "list", 1)).key == Position(line=15, column=9)
    assert value("table", "list", 1, "x") == (16, 5)


def test_what_is_missing_is_placed_where_it_would_stand() -> None:
    places = Places("[a]\nb = 1\n")

    assert places.find(("a", "c", "d")).key == Position(line=1, column=2)
    assert places.find(("z",)).key == Position(line=1, column=1)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100 + "]" * 100,
        "a = " + "{a=" * 100 + "1" + "}" * 100,
        ".".join("a" * 100) + " = 1",
        "[" + ".".join("a" * 100) + "]",
        "[" + ".".join("a" * 40) + "]\n" + ".".join("a" * 40) + " = 1",
    ],
)
def test_what_is_nested_too_deeply_is_refused_with_a_position(text: str) -> None:
    tomllib.loads(text)

    with pytest.raises(TooDeepError) as caught:
        Places(text)

    assert caught.value.position.line >= 1
    assert DEEPEST < 100


_KEYS = st.one_of(
    st.text("ab-_1", min_size=1, max_size=3),
    st.text(max_size=4).filter(lambda key: "\x7f" not in key),
)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f\r"), max_size=8)
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 2**40), st.floats(allow_nan=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def _toml(draw: st.DrawFn) -> str:
    """Write a document in one of the many ways TOML allows."""
    document = draw(st.dictionaries(_KEYS, _VALUES, max_size=4))
    return "".join(_table(draw, document, ()))


def _table(draw: st.DrawFn, table: dict[str, object], path: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    later: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict) and draw(st.booleans()):
            header = (*path, key)
            later.append(f"[{_dotted(draw, header)}]{_gap(draw)}\n")
            later += _table(draw, value, header)
        elif _is_tables(value) and draw(st.booleans()):
            header = (*path, key)
            for each in value:  # type: ignore[attr-defined]  # _is_tables says so
                later.append(f"[[{_dotted(draw, header)}]]\n")
                later += _table(draw, each, header)
        else:
            spaces = draw(st.sampled_from(["", " ", "\t"]))
            lines.append(f"{spaces}{_key(draw, key)}{spaces}={spaces}{_value(draw, value)}\n")
            lines.append(f"{_gap(draw)}\n")
    return lines + later


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _gap(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", '  # [comment] = "x', "\r"]))


def _dotted(draw: st.DrawFn, path: tuple[str, ...]) -> str:
    return draw(st.sampled_from([".", " . "])).join(_key(draw, part) for part in path)


def _key(draw: st.DrawFn, key: str) -> str:
    bare = key.isascii() and key.replace("-", "a").replace("_", "a").isalnum()
    if bare and draw(st.booleans()):
        return key
    return _string(draw, key, multiline=False)


def _string(draw: st.DrawFn, text: str, *, multiline: bool) -> str:
    styles = [json.dumps(text, ensure_ascii=draw(st.booleans()) and text.isascii())]
    if not any(ord(each) < 32 or each == "'" for each in text):
        styles.append(f"'{text}'")
    if multiline:
        styles.append('"""\n' + json.dumps(text, ensure_ascii=False)[1:-1] + '"""')
        if not any(ord(each) < 32 for each in text) and "'''" not in text and text[-1:] != "'":
            styles.append(f"'''{text}'''")
    return draw(st.sampled_from(styles))


def _value(draw: st.DrawFn, value: object) -> str:
    gap = draw(st.sampled_from(["", " ", "\n", " # ]}\n"]))
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _string(draw, value, multiline=True)
        case list():
            comma = draw(st.sampled_from(["", ","])) if value else ""
            return f"[{gap}" + f",{gap}".join(_value(draw, v) for v in value) + f"{comma}{gap}]"
        case dict():
            pairs = [f"{_key(draw, key)} = {_value(draw, v)}" for key, v in value.items()]
            return "{ " + ", ".join(pairs) + " }"
        case float():
            return repr(value)
        case _:
            return str(value)


def _walk(value: object, path: KeyPath = ()) -> dict[KeyPath, object]:
    found: dict[KeyPath, object] = {path: value} if path else {}
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        found |= _walk(inner, (*path, key))
    return found


@given(_toml())
def test_everything_tomllib_reads_has_its_place_and_nothing_else_has(text: str) -> None:
    wanted = _walk(tomllib.loads(text))
    lines = text.split("\n")

    places = Places(text)

    assert places.paths() == frozenset(wanted)
    for path, value in wanted.items():
        at = places.find(path).value
        rest = "\n".join([lines[at.line - 1][at.column - 1 :], *lines[at.line :]])
        if not isinstance(value, dict | list):
            assert _first_value(rest) == value


def _first_value(rest: str) -> object:
    """Read the value *rest* starts with: the shortest start of it that TOML accepts."""
    for end in range(len(rest), 0, -1):
        try:
            return tomllib.loads(f"x = [{rest[:end]}]")["x"][0]
        except (tomllib.TOMLDecodeError, IndexError):
            continue
    raise AssertionError(rest)
