"""Values that are set from outside, maybe from afar: laid over all else, and nothing but values."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.sdk.config.outline import Kind, Shape, inner_shape, members
from svcctl.sdk.config.revise import with_proposed
from svcctl.sdk.config.text import Format, Text, understand

SET = "set-config"
"""The name of the text of what was set, in the history and in messages."""

_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How values are set: *instead* of those set before; *over* this version only; as a *trial*."""

    instead: bool = False
    over: int | None = None
    trial: bool = False


def with_set(
    texts: tuple[Text, ...],
    values: Mapping[str, object],
    *,
    kind: type,
    namespaces: Collection[str],
    instead: bool,
) -> tuple[Text, ...]:
    """Give *texts* with *values* laid over them all; what is null is as if it was never set.

    Whoever sets a value must not read others by it: in texts neither variables nor references to
    secrets are looked up.  Raises SpecError for what is no value.
    """
    for key in values:
        if key in namespaces and key not in members(kind):
            raise SpecError(f"{key!r} is a namespace, not a value")
    shape = Shape(kind=Kind.TABLE, tables=(kind,))
    literal = _literal(dict(values), shape, depth=0)
    before = [each for each in texts if each.name == SET]
    known = {} if instead or not before else understand(before[0]).document
    document = merged(known, literal)
    # last, whatever came meanwhile: it is laid over all
    others = tuple(each for each in texts if each.name != SET)
    if not document:
        return others
    content = json.dumps(document, sort_keys=True)
    return with_proposed(others, Text(name=SET, content=content, format=Format.JSON))


def merged(before: object, patch: object) -> object:
    """Give *before* as changed by *patch*, see RFC 7396: null takes a key away."""
    if not isinstance(patch, dict):
        return patch
    found = dict(before) if isinstance(before, dict) else {}
    for key, each in patch.items():
        if each is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), each)
    return found


def _literal(value: object, shape: Shape | None, *, depth: int) -> object:
    """Give *value* so that each text in it is read as it stands."""
    if depth > _DEEPEST:
        raise SpecError("what is to be set is nested too deeply")
    match value:
        case dict():
            return {
                key: _literal(each, inner_shape(shape, key) if shape else None, depth=depth + 1)
                for key, each in value.items()
            }
        case list():
            item = shape.item if shape else None
            return [_literal(each, item, depth=depth + 1) for each in value]
        case str():
            text = value.replace("$", "$$")
            return f"text:{text}" if shape is not None and shape.kind is Kind.HIDDEN else text
        case _:
            return value
