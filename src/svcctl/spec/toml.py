"""Prints values and services the way definition files write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from svcctl.spec.interpolate import escape
from svcctl.spec.notation import FORMATS
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Shape, members

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(value: Any, shape: Shape) -> object:  # noqa: ANN401 (shape says what it is)
    """Give a *value* of a spec as files write it, units as text, defaults left out."""
    if shape.unit == "command":
        return [escape(word) for word in value]
    if shape.unit in FORMATS:
        return FORMATS[shape.unit](value)
    match shape.kind, shape.item:
        case Kind.TABLE, _:
            return _written_table(value)
        case Kind.LIST, Shape() as item:
            return [written(each, item) for each in value]
        case Kind.MAP, Shape() as item:
            return {key: written(each, item) for key, each in value.items()}
        case ((Kind.TEXT | Kind.CHOICE), _):
            return escape(str(value))
        case _:
            return value


def _written_table(table: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, member in members(type(table)).items():
        value = getattr(table, member.name)
        if member.required or value != member.default:
            found[key] = written(value, member.shape)
    return found


def service_toml(spec: ServiceSpec) -> str:
    """Print *spec* as a ``[services.NAME]`` table, without what is at its default."""
    table = _written_table(spec)
    del table["name"]  # the header has it
    if spec.shell and len(spec.exec) == 1:
        table["exec"] = escape(spec.exec[0])
    if spec.python:
        del table["exec"]  # it is made of this
    return "\n".join(_table_lines(table, ("services", spec.name))) + "\n"


def _table_lines(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    yield f"[{'.'.join(map(toml_key, path))}]"
    for key, value in table.items():
        if not isinstance(value, dict) and not _is_tables(value):
            yield f"{toml_key(key)} = {toml_value(value)}"
    for key, value in table.items():
        if isinstance(value, dict):
            yield from ("", *_table_lines(value, (*path, key)))
        elif isinstance(value, list) and _is_tables(value):
            for each in value:
                yield from ("", *_item_lines(each, (*path, key)))


def _item_lines(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    yield f"[[{'.'.join(map(toml_key, path))}]]"
    for key, value in table.items():
        yield f"{toml_key(key)} = {toml_value(value)}"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def toml_key(key: str) -> str:
    """Print a key, quoted where it must be."""
    return key if _BARE.fullmatch(key) else toml_value(key)


def toml_value(value: object) -> str:
    """Print a value on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            pairs = (f"{toml_key(key)} = {toml_value(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case _:
            return repr(value)
