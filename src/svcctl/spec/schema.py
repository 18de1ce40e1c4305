"""The JSON Schema of definition files, for editors: the common ground of drafts 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.spec.common import CommonSpec
from svcctl.spec.names import SERVICE_NAME, SIGNALS, WINDOWS_SIGNALS
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Member, Shape, members
from svcctl.spec.toml import written
from svcctl.spec.unavailable import VALUES
from svcctl.spec.watch import WatchesSpec

Schema = dict[str, object]

_VARIABLE = r"\$\{"
"""Texts with variables cannot be judged before these are put in."""

_UNITS: Mapping[str, tuple[str, str]] = {
    "duration": (r"^\s*([0-9]+(\.[0-9]+)?(us|ms|s|m|h|d|w)\s*)+$|^0$", "such as 500ms or 1m30s"),
    "size": (
        r"^\s*[0-9]+(\.[0-9]+)?\s*([KkMmGgTt]([Ii]?[Bb])?|[Bb])\s*$",
        "such as 50M, 2GiB or 10MB",
    ),
    "percent": (r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$", "such as 50%"),
    "octal": (r"^0?[0-7]{1,3}$", "such as 027"),
}


def json_schema() -> Schema:
    """Give the schema of a whole file; what it refuses, the loader refuses too."""
    definitions: dict[str, Schema] = {}
    service = _table(ServiceSpec, path="", definitions=definitions)
    common = {
        key: _member(member, path=key, definitions=definitions)
        for table in (CommonSpec, WatchesSpec)
        for key, member in members(table).items()
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "svcctl definition",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": {"description": "version of the format", "enum": [1]},
            "include": {
                "description": "further files (globs), relative to this one",
                "type": "array",
                "items": {"type": "string"},
            },
            "defaults": {"description": "options of every service here", **service},
            "services": {
                "description": "services by name",
                "type": "object",
                "additionalProperties": False,
                "patternProperties": {f"^{SERVICE_NAME.pattern}$": service},
            },
            **common,
        },
        "definitions": definitions,
    }


def _table(table: type, *, path: str, definitions: dict[str, Schema]) -> Schema:
    reference = {"$ref": f"#/definitions/{table.__name__}"}
    if table.__name__ not in definitions:
        own = {key: member for key, member in members(table).items() if f"{path}{key}" != "name"}
        required = [key for key, member in own.items() if member.required]
        definitions[table.__name__] = {}
        definitions[table.__name__] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                key: _member(member, path=f"{path}{key}", definitions=definitions)
                for key, member in own.items()
            },
            **({"required": required} if required else {}),
        }
    return dict(reference)


def _member(member: Member, *, path: str, definitions: dict[str, Schema]) -> Schema:
    value = _SPECIAL.get(path) or _value(member.shape, path=path, definitions=definitions)
    if path in _OR_FLAG:
        return {"description": member.doc, "anyOf": [{"type": "boolean"}, value]}
    if "$ref" in value:  # draft 7 ignores what stands beside a $ref
        return {"description": member.doc, "allOf": [value]}
    described: Schema = {"description": member.doc, **value}
    if member.default not in (None, "", (), {}):
        described["default"] = written(member.default, member.shape)
    return described


_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_TEXTS: Schema = {"anyOf": [{"type": "string", "minLength": 1}, _NAMES]}
_SPECIAL: Mapping[str, Schema] = {
    "watch.path": _TEXTS,
    "watch.journal": _TEXTS,
    "needs": {
        "anyOf": [
            _NAMES,
            {
                "type": "object",
                "additionalProperties": {"enum": ["started", "ready", "healthy", "done"]},
            },
        ]
    },
    "instances": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"enum": ["cpu"]}]},
}
"""Options that files may write in more than one way."""

_OR_FLAG = frozenset(("detect",))
"""Tables that files may write as true or false."""


def _value(shape: Shape, *, path: str, definitions: dict[str, Schema]) -> Schema:
    if shape.unit is not None:
        return _unit(shape.unit)
    match shape.kind, shape.item:
        case Kind.TABLE, _:
            return _table(shape.of, path=f"{path}.", definitions=definitions)
        case Kind.LIST, Shape() as item:
            return {"type": "array", "items": _value(item, path=path, definitions=definitions)}
        case Kind.MAP, Shape() as item:
            inner = _value(item, path=path, definitions=definitions)
            return {"type": "object", "additionalProperties": inner}
        case Kind.CHOICE, _:
            gone = VALUES.get(path, frozenset())
            return _choice([each for each in shape.choices if each not in gone])
        case Kind.FLAG, _:
            return {"type": "boolean"}
        case Kind.TEXT, _:
            return {"type": "string"}
        case kind, _:
            return _number(shape, "integer" if kind is Kind.WHOLE else "number")


def _number(shape: Shape, name: str) -> Schema:
    schema: Schema = {"type": name}
    for bounds in shape.bounds:
        if bounds.low is not None:
            schema["minimum"] = bounds.low
        if bounds.high is not None:
            schema["maximum"] = bounds.high
    return schema


def _unit(unit: str) -> Schema:
    match unit:
        case "command":
            words: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
            return {"anyOf": [{"type": "string", "minLength": 1}, words]}
        case "signal":
            return _choice([*SIGNALS, *(f"SIG{each}" for each in SIGNALS), *WINDOWS_SIGNALS])
        case "regex":
            return {"type": "string", "format": "regex"}
        case "quantity":
            return {"anyOf": [{"type": "number"}, _unit("duration")]}
    pattern, title = _UNITS[unit]
    text: Schema = {"type": "string", "title": title, "pattern": f"{pattern}|{_VARIABLE}"}
    return {"anyOf": [text, {"enum": [0]}]} if unit in {"duration", "size"} else text


def _choice(values: list[str]) -> Schema:
    return {"anyOf": [{"enum": values}, {"type": "string", "pattern": _VARIABLE}]}
