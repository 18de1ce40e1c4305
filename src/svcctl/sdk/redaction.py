"""Keeps secrets out of what is written down for people: by the names they go by, and by look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice

from svcctl.spec.secrecy import HIDDEN, is_secret_name, scrubbed

LONGEST = 200
"""Characters of one value that are shown."""

_SHORTEST_KNOWN = 8  # characters; shorter values would be found everywhere by chance
_SURELY_SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|credential|api_?key", re.IGNORECASE)
_WIDEST = 20  # items of a collection that are shown
_DEEPEST = 3


def shown_text(text: str, longest: int = LONGEST) -> str:
    """Give the beginning of *text*, *longest* characters of it, without what looks like a secret.

    What follows is looked at as well: a password that is cut is hidden too.
    """
    shown = scrubbed(text[: 4 * longest])
    if len(shown) <= longest and len(text) <= 4 * longest:
        return shown
    return f"{shown[:longest]}... ({len(text)} characters)"


def secret_values(values: Mapping[str, object]) -> frozenset[str]:
    """Give the texts that go by names such as ``password``, to be hidden elsewhere too.

    What is merely called ``key`` is left out: it may be any word.
    """
    return frozenset(
        value
        for name, value in values.items()
        if isinstance(value, str) and len(value) >= _SHORTEST_KNOWN and _SURELY_SECRET.search(name)
    )


def without_known(value: object, known: Iterable[str]) -> object:
    """Give a document in which every text of *known* is hidden, quoted or not, however deep."""
    words = sorted({form for each in known for form in _forms(each)}, key=len, reverse=True)
    return _without(value, words) if words else value


def without_secrets(value: object, *, name: str = "") -> object:
    """Give all of a document, which may be anybody's, without what looks like a secret in it."""
    if is_secret_name(name) and isinstance(value, str | int | float):
        return HIDDEN
    match value:
        case str():
            return scrubbed(value)
        case dict():
            return {str(key): without_secrets(each, name=str(key)) for key, each in value.items()}
        case list():
            return [without_secrets(each, name=name) for each in value]
        case _:
            return value


def _forms(secret: str) -> tuple[str, ...]:
    """Give how *secret* stands in a text: as it is, and in a repr with and without other quotes."""
    return secret, repr(secret)[1:-1], repr(f'"{secret}')[2:-1]


def _without(value: object, words: list[str]) -> object:
    match value:
        case str():
            for each in words:
                value = value.replace(each, HIDDEN)
            return value
        case dict():
            return {key: _without(each, words) for key, each in value.items()}
        case list() | tuple():
            return [_without(each, words) for each in value]
        case _:
            return value


def shown_value(value: object, *, name: str = "", depth: int = 0) -> str:
    """Give a short repr of *value* without secrets, whatever it is; never raises.

    Nothing of what goes by the *name* of a secret is shown, in tables and objects neither.
    """
    if is_secret_name(name):
        return HIDDEN
    try:
        shown = _shown(value, depth)
    except Exception as error:  # noqa: BLE001 - a foreign __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    return shown if len(shown) <= 2 * LONGEST else f"{shown[: 2 * LONGEST]}..."


def shown_names(values: Mapping[str, str], most: int = 300) -> dict[str, str]:
    """Give *values* by name, without secrets, sorted; no more than *most*."""
    return {name: _shown_text(name, values[name]) for name in sorted(values)[:most]}


def _shown_text(name: str, text: str) -> str:
    return HIDDEN if is_secret_name(name) else shown_text(text)


def shown_document(value: object, *, name: str = "", depth: int = 0) -> object:
    """Give what JSON can hold of *value*, without secrets; what it cannot hold becomes a repr."""
    if is_secret_name(name):
        return HIDDEN
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return shown_text(value, 5 * LONGEST)
        case Mapping() if depth < 2 * _DEEPEST:
            return {
                str(key): shown_document(each, name=str(key), depth=depth + 1)
                for key, each in islice(value.items(), 5 * _WIDEST)
            }
        case list() | tuple() if depth < 2 * _DEEPEST:
            return [shown_document(each, depth=depth + 1) for each in value[: 5 * _WIDEST]]
        case _:
            return shown_value(value)


def _shown(value: object, depth: int) -> str:
    match value:
        case None | bool() | float():
            return repr(value)
        case int():
            return repr(value) if value.bit_length() < LONGEST else f"<{type(value).__name__}>"
        case str():
            return repr(shown_text(value))
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case _ if depth >= _DEEPEST:
            return f"<{type(value).__name__}>"
        case dict():
            return _shown_pairs(value, depth)
        case list() | tuple() | set() | frozenset():
            return _shown_items(value, depth)
    if is_dataclass(value) and not isinstance(value, type) and _plain_repr(value):
        return _shown_fields(value, depth)
    text = repr(value)
    return HIDDEN if text.strip("'\"") == HIDDEN else shown_text(text)


def _plain_repr(value: object) -> bool:
    """Say whether a dataclass has the repr it was given, and does not hide itself behind one."""
    code = getattr(type(value).__repr__, "__code__", None)
    return code is not None and code.co_name == "wrapper"  # that of recursive_repr


def _shown_pairs(value: dict[object, object], depth: int) -> str:
    shown = [
        f"{shown_value(key, depth=depth + 1)}: "
        f"{shown_value(each, name=key if isinstance(key, str) else '', depth=depth + 1)}"
        for key, each in islice(value.items(), _WIDEST)
    ]
    return "{" + ", ".join(shown + _more(len(value))) + "}"


def _shown_items(
    value: list[object] | tuple[object, ...] | set[object] | frozenset[object], depth: int
) -> str:
    shown = [shown_value(each, depth=depth + 1) for each in islice(value, _WIDEST)]
    left, right = ("[", "]") if isinstance(value, list) else ("(", ")")
    if isinstance(value, set | frozenset):
        left, right = "{", "}"
    return f"{left}{', '.join(shown + _more(len(value)))}{right}"


def _shown_fields(value: object, depth: int) -> str:
    assert is_dataclass(value)
    shown = [
        f"{each.name}={shown_value(getattr(value, each.name), name=each.name, depth=depth + 1)}"
        for each in islice(fields(value), _WIDEST)
        if each.repr
    ]
    return f"{type(value).__name__}({', '.join(shown)})"


def _more(count: int) -> list[str]:
    return [f"... {count - _WIDEST} more"] if count > _WIDEST else []
