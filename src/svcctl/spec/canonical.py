"""A spec as JSON, the form in which it is handed over, kept and compared; standard library only."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from svcctl.errors import SpecError
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Member, Shape, members

Table = TypeVar("Table")


def dump(spec: object) -> dict[str, object]:
    """Give *spec* as JSON can hold it: its name and what differs from the defaults, in order.

    Durations are seconds, sizes bytes, commands lists.
    """
    return _dump_table(spec)


def effective(spec: object) -> dict[str, object]:
    """Give *spec* as :func:`dump` does, with the defaults as well."""
    return _dump_table(spec, whole=True)


def parse(document: object) -> ServiceSpec:
    """Give the spec that :func:`dump` wrote; raises SpecError on unknown keys and wrong types."""
    return parse_table(document, ServiceSpec)


def parse_table(document: object, table: type[Table]) -> Table:
    """Give the *table* that :func:`dump` wrote; raises as :func:`parse`."""
    found = _parse_table(document, Shape(kind=Kind.TABLE, of=table), "spec")
    assert isinstance(found, table)
    return found


def text(document: Mapping[str, object]) -> str:
    """Print *document* so that equal documents are equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def revision(document: Mapping[str, object]) -> str:
    """Give the digest that tells one revision of a spec from another, twelve hexadecimal digits."""
    return hashlib.sha256(text(document).encode()).hexdigest()[:12]


def _dump_table(table: object, *, whole: bool = False) -> dict[str, object]:
    written: dict[str, object] = {}
    for key, member in members(type(table)).items():
        value = getattr(table, member.name)
        if whole or member.required or value != member.default:
            written[key] = dump_value(value, member.shape, whole=whole)
    return written


def dump_value(value: Any, shape: Shape, *, whole: bool = False) -> object:  # noqa: ANN401 (shape says what it is)
    """Give one value of a spec, of the given *shape*, as JSON can hold it.

    *whole*: tables with their defaults.
    """
    if value is None:
        return None
    match shape.kind, shape.item:
        case Kind.TABLE, _:
            return _dump_table(value, whole=whole)
        case Kind.LIST, Shape() as item:
            return [dump_value(each, item, whole=whole) for each in value]
        case Kind.MAP, Shape() as item:
            return {key: dump_value(each, item, whole=whole) for key, each in value.items()}
        case Kind.NUMBER, _:
            return float(value)
        case Kind.CHOICE, _:
            return str(value)
        case _:
            return value


def _parse_table(value: object, shape: Shape, path: str) -> object:
    given = _mapping(value, path)
    known = shape.members
    unknown = sorted(map(str, given.keys() - known.keys()))
    if unknown:
        raise SpecError(f"{path} has an unknown option {unknown[0]!r}")
    missing = [key for key, member in known.items() if member.required and key not in given]
    if missing:
        raise SpecError(f"{path} has no {missing[0]!r}")
    return shape.of(**{known[key].name: _option(given[key], known[key], path) for key in given})


def _option(value: object, member: Member, path: str) -> object:
    return _parse_value(value, member.shape, f"{path}.{member.key}")


def _parse_value(value: object, shape: Shape, path: str) -> object:
    if value is None and shape.optional:
        return None
    return _PARSERS[shape.kind](value, shape, path)


def _parse_list(value: object, shape: Shape, path: str) -> object:
    item = shape.item
    if not isinstance(value, list) or item is None:
        raise _wrong(path, "list")
    return tuple(_parse_value(each, item, f"{path}[{at}]") for at, each in enumerate(value))


def _parse_map(value: object, shape: Shape, path: str) -> object:
    given, item = _mapping(value, path), shape.item
    if item is None:
        raise _wrong(path, "table")
    return {key: _parse_value(each, item, f"{path}.{key}") for key, each in given.items()}


def _parse_choice(value: object, shape: Shape, path: str) -> object:
    if value not in shape.choices:
        raise _wrong(path, f"one of {', '.join(shape.choices)}")
    return shape.of(value)


def _parse_flag(value: object, _shape: Shape, path: str) -> object:
    if not isinstance(value, bool):
        raise _wrong(path, "true or false")
    return value


def _parse_whole(value: object, _shape: Shape, path: str) -> object:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(path, "whole number")
    return value


def _parse_number(value: object, _shape: Shape, path: str) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(path, "number")
    return float(value)


def _parse_text(value: object, _shape: Shape, path: str) -> object:
    if not isinstance(value, str):
        raise _wrong(path, "text")
    return value


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(path, "table")
    return value


def _wrong(path: str, expected: str) -> SpecError:
    return SpecError(f"{path} is not {expected}")


_PARSERS: Mapping[Kind, Callable[[object, Shape, str], object]] = {
    Kind.TABLE: _parse_table,
    Kind.LIST: _parse_list,
    Kind.MAP: _parse_map,
    Kind.CHOICE: _parse_choice,
    Kind.FLAG: _parse_flag,
    Kind.WHOLE: _parse_whole,
    Kind.NUMBER: _parse_number,
    Kind.TEXT: _parse_text,
}
