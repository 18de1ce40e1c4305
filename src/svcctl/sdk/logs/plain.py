"""Turns anything into what JSON can hold, never fails, and tells nothing that a type hides."""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import cast

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

_DEEPEST = 8  # tables in tables; what lies deeper is shown as its repr
_LEAST, _MOST = -(2**63), 2**63  # integers; what most readers of JSON can take
_TEXTS = frozenset(
    {("uuid", "UUID"), ("decimal", "Decimal"), ("fractions", "Fraction")}
    | {("ipaddress", "IPv4Address"), ("ipaddress", "IPv6Address")}
)
"""Types whose text says all there is, by name: so that none has to be imported to be known."""

_OPEN_REPRS = frozenset(each.__repr__ for each in (dict, list, tuple, set, frozenset))
_OPEN_MODULES = frozenset({"builtins", "collections"})


def plain_table(fields: Mapping[str, object]) -> dict[str, Plain]:
    """Give *fields* with every value made plain."""
    return {_key(key): plain(value) for key, value in _items(fields)}


def plain(value: object, deepest: int = _DEEPEST) -> Plain:
    """Give *value* as JSON can hold it; what has no form there becomes its repr, nan becomes null.

    A subclass of a plain type counts as that type unless it has a repr of its own: a secret that is
    a ``str`` and prints as ``***`` must not be written out.
    """
    try:
        return _plain(value, deepest)
    except Exception:  # noqa: BLE001 - somebody else's method, and a record must be written
        return shown(value)


def shown(value: object) -> str:
    """Give the repr of *value*, whatever its author made of it."""
    try:
        return _text(repr(value))
    except Exception:  # noqa: BLE001 - somebody else's __repr__
        return f"<{type(value).__name__} that cannot be shown>"


def _plain(value: object, deepest: int) -> Plain:
    own_repr = type(value).__repr__
    match value:
        case None | bool():
            return value
        case Enum() if deepest:
            return plain(value.value, deepest - 1)
        case str() if own_repr is str.__repr__:
            return _text(value)
        case int() if own_repr is int.__repr__ and _LEAST <= value < _MOST:
            return int(value)
        case float() if own_repr is float.__repr__:
            return float(value) if math.isfinite(value) else None
        case _ if deepest and _is_open(value):
            return _container(value, deepest - 1)
        case _:
            return _special(value)


def _is_open(value: object) -> bool:
    """Say whether *value* is a container that shows what is in it anyway."""
    if not isinstance(value, Mapping | list | tuple | AbstractSet):
        return False
    kind = type(value)
    return kind.__repr__ in _OPEN_REPRS or kind.__module__ in _OPEN_MODULES


def _container(value: object, deepest: int) -> Plain:
    if isinstance(value, Mapping):
        return {_key(key): plain(each, deepest) for key, each in _items(value)}
    return [plain(each, deepest) for each in tuple(cast("tuple[object, ...]", value))]


def _special(value: object) -> Plain:
    kind = type(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if (kind.__module__, kind.__name__) in _TEXTS:
        return str(value)
    if isinstance(value, os.PathLike):
        return _text(os.fsdecode(value))
    return shown(value)


def _items(table: Mapping[str, object]) -> list[tuple[object, object]]:
    """Give what is in *table* now: another thread may change it meanwhile."""
    try:
        return list(table.items())
    except RuntimeError:
        return list(dict(table).items())


def _key(key: object) -> str:
    return _text(key) if type(key) is str else shown(key)


def _text(text: str) -> str:
    """Give *text* as UTF-8 can hold it: a lone surrogate becomes an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
