"""What a user's class of configuration looks like from outside: the one reading of its fields."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from svcctl.errors import UsageError
from svcctl.sdk.config.restart import RESTART
from svcctl.sdk.config.secret import Secret
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.units import Unit, UnitKind


class Kind(StrEnum):
    """What a value is, as far as it matters for reading it from a text."""

    TEXT = "text"
    NUMBER = "number"
    LITERAL = "literal"
    HIDDEN = "hidden"
    LIST = "list"
    MAP = "map"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The type of a value: the classes a table may be of, and what a list or map holds.

    *unit*: the notation it has in files, if it has one of its own.
    """

    kind: Kind
    tables: tuple[type, ...] = ()
    item: Shape | None = None
    unit: UnitKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One field: its *name* in Python, its *key* in files; *restart* if it carries that mark.

    *default* makes its default; None where it has none, or only pydantic can make it.
    """

    name: str
    key: str
    shape: Shape
    restart: bool = False
    default: Callable[[], object] | None = field(default=None, repr=False)


ANYTHING = Shape(kind=Kind.TEXT)

_NUMBERS = (int, float)
_LISTS = (list, tuple, set, frozenset)


def is_model(kind: object) -> bool:
    """Say whether *kind* is a pydantic model, without importing pydantic."""
    return isinstance(kind, type) and isinstance(getattr(kind, "model_fields", None), dict)


def is_table(kind: object) -> bool:
    """Say whether *kind* has fields that can be read one by one."""
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or is_model(kind))


def takes_any_key(shape: Shape) -> bool:
    """Say whether a table of that *shape* takes keys it has no field for."""
    configs = (getattr(table, "model_config", {}) for table in shape.tables)
    return any(config.get("extra") == "allow" for config in configs)


def members(table: type) -> Mapping[str, Member]:
    """Give the fields of *table*, in their order, by their key in files.

    Raises UsageError for a class that is neither a dataclass nor a pydantic model.
    """
    return _members(table)


def fields_of(shape: Shape) -> Mapping[str, Member]:
    """Give the fields of whatever a table of that *shape* may be, by their key in files."""
    found: dict[str, Member] = {}
    for table in reversed(shape.tables):
        found |= members(table)
    return found


@cache
def _members(table: Hashable) -> Mapping[str, Member]:
    assert isinstance(table, type)
    if not is_table(table):
        raise UsageError(
            f"{table.__name__} is neither a dataclass nor a pydantic model",
            hint=f"put @dataclass over class {table.__name__}",
        )
    found = _model_members(table) if is_model(table) else _dataclass_members(table)
    return {member.key: member for member in found}


def _dataclass_members(table: Any) -> Iterator[Member]:  # noqa: ANN401 - any dataclass
    hints = get_type_hints(table, include_extras=True)
    for each in dataclasses.fields(table):
        if not each.init:
            continue
        default: Callable[[], object] | None = None
        if each.default_factory is not dataclasses.MISSING:
            default = each.default_factory
        elif each.default is not dataclasses.MISSING:
            default = _always(each.default)
        shape = shape_of(hints[each.name])
        _insist_hidden(each.name, shape, each.default)
        yield Member(
            name=each.name,
            key=each.name,
            shape=shape,
            restart=each.metadata.get(RESTART) is True,
            default=default,
        )


def _model_members(table: Any) -> Iterator[Member]:  # noqa: ANN401 - any pydantic model
    for name, each in table.model_fields.items():
        alias = each.validation_alias if isinstance(each.validation_alias, str) else each.alias
        extra = each.json_schema_extra
        default: Callable[[], object] | None = None
        if each.default_factory is not None:
            default = None if each.default_factory_takes_validated_data else each.default_factory
        elif not each.is_required():
            default = _always(each.default)
        shape = _marked(shape_of(each.annotation), each.metadata)
        _insist_hidden(name, shape, each.default)
        yield Member(
            name=name,
            key=alias or name,
            shape=shape,
            restart=isinstance(extra, dict) and extra.get(RESTART) is True,
            default=default,
        )


def _insist_hidden(name: str, shape: Shape, default: object) -> None:
    if isinstance(default, Secret) and shape.kind is not Kind.HIDDEN:
        raise UsageError(
            f"field {name!r} has a secret for its default, and is not declared as one",
            hint=f"write {name}: Secret = secret(...); its text is what reveal() gives",
        )


def _always(value: object) -> Callable[[], object]:
    return lambda: value


def shape_of(hint: Any) -> Shape:  # noqa: ANN401 - an annotation can be anything
    """Read one annotation; what is not known is text."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _marked(shape_of(arguments[0]), arguments[1:])
    if origin in (Union, types.UnionType):
        return _union([shape_of(each) for each in arguments if each is not types.NoneType])
    if origin is Literal:
        return _choice(arguments)
    base = origin or hint
    if not isinstance(base, type):
        return ANYTHING
    return _class_shape(base, arguments)


def _class_shape(base: type, arguments: tuple[Any, ...]) -> Shape:
    if base is Secret:
        return Shape(kind=Kind.HIDDEN)
    if is_table(base):
        return Shape(kind=Kind.TABLE, tables=(base,))
    if issubclass(base, Enum):
        return _choice(tuple(each.value for each in base))
    if base in _NUMBERS:
        return Shape(kind=Kind.NUMBER)
    if base is bool:
        return Shape(kind=Kind.LITERAL)
    if issubclass(base, Mapping):
        return Shape(kind=Kind.MAP, item=shape_of(arguments[1]) if arguments else None)
    if base in _LISTS or base.__module__ == "collections.abc":
        return Shape(kind=Kind.LIST, item=shape_of(arguments[0]) if arguments else None)
    return ANYTHING


def _union(arms: list[Shape]) -> Shape:
    """Take what all arms are; a text that may stay one is left alone."""
    kinds = {arm.kind for arm in arms}
    if len(kinds) == 1:
        (kind,) = kinds
    elif kinds == {Kind.HIDDEN, Kind.TEXT}:
        kind = Kind.HIDDEN
    else:
        kind = Kind.TEXT if Kind.TEXT in kinds else Kind.LITERAL
    return Shape(
        kind=kind,
        tables=tuple(table for arm in arms for table in arm.tables),
        item=next((arm.item for arm in arms if arm.item), None),
        unit=next((arm.unit for arm in arms if arm.unit), None),
    )


def _choice(values: tuple[object, ...]) -> Shape:
    texts = any(isinstance(each, str) for each in values)
    return Shape(kind=Kind.TEXT if texts else Kind.LITERAL)


def _marked(shape: Shape, marks: Any) -> Shape:  # noqa: ANN401 - a tuple or list of anything
    unit = next((mark.kind for mark in marks if isinstance(mark, Unit)), None)
    return dataclasses.replace(shape, kind=Kind.TEXT, unit=unit) if unit else shape


def shape_at(table: type, path: KeyPath) -> Shape | None:
    """Give the shape of the value at *path* within *table*; None if there is none."""
    shape: Shape | None = Shape(kind=Kind.TABLE, tables=(table,))
    for step in path:
        if shape is None:
            return None
        shape = inner_shape(shape, step)
    return shape


def inner_shape(shape: Shape, step: str | int) -> Shape | None:
    """Give the shape of what stands at *step* in a value of that *shape*; None if nothing may."""
    if shape.tables and isinstance(step, str):
        member = fields_of(shape).get(step)
        return member.shape if member else None
    return shape.item


def may_hold_secret(shape: Shape | None, above: frozenset[type] = frozenset()) -> bool:
    """Say whether a value of that *shape* may be, or hold, what must not be shown."""
    if shape is None or shape.kind is Kind.HIDDEN:
        return shape is not None
    new = [table for table in shape.tables if table not in above]
    inner = [member.shape for table in new for member in members(table).values()]
    return any(may_hold_secret(each, above | {*new}) for each in (*inner, shape.item))


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Give every single value in a loaded configuration, with its path; a list is one value."""
    if is_table(type(value)):
        for key, member in members(type(value)).items():
            yield from leaves(getattr(value, member.name), (*path, key))
    elif isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from leaves(each, (*path, str(key)))
    else:
        yield path, value


def restarting(old: object, new: object, changed: frozenset[str]) -> frozenset[str]:
    """Give those of the *changed* keys that are marked, or stand in a table that is."""
    marked = {*_marked_prefixes(old, ()), *_marked_prefixes(new, ())}
    return frozenset(
        key
        for key in changed
        if any(key == each or key.startswith((f"{each}.", f"{each}[")) for each in marked)
    )


def _marked_prefixes(value: object, path: KeyPath) -> Iterator[str]:
    if not is_table(type(value)):
        return
    for key, member in members(type(value)).items():
        if member.restart:
            yield path_text((*path, key))
        else:
            yield from _marked_prefixes(getattr(value, member.name), (*path, key))
