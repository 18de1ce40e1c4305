"""What the spec's dataclasses look like from outside: the one reading of their annotations."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from svcctl.spec.units import Bounds, Unit, UnitKind


class Kind(StrEnum):
    """What a value is, once read."""

    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    LIST = "list"
    MAP = "map"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The type of an option: *of* is the enum or dataclass, *item* what a list or map holds."""

    kind: Kind
    of: type = object
    item: Shape | None = None
    optional: bool = False
    unit: UnitKind | None = None
    bounds: tuple[Bounds, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """What a choice may be."""
        return tuple(map(str, self.of)) if issubclass(self.of, StrEnum) else ()

    @property
    def members(self) -> Mapping[str, Member]:
        """The options of a table, by their key in files."""
        return members(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One option of a table: its *name* in Python, its *key* in files."""

    name: str
    key: str
    shape: Shape
    default: object
    required: bool
    doc: str


def members(table: type) -> Mapping[str, Member]:
    """Give the options of the dataclass *table*, in their order, by their key in files."""
    return _members(table)


@cache
def _members(table: Hashable) -> Mapping[str, Member]:
    assert isinstance(table, type)
    assert dataclasses.is_dataclass(table)
    hints = get_type_hints(table, include_extras=True)
    found = (_member(field, hints[field.name]) for field in dataclasses.fields(table))
    return {member.key: member for member in found}


def _member(field: dataclasses.Field[Any], hint: object) -> Member:
    default: object = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    required = default is dataclasses.MISSING
    return Member(
        name=field.name,
        key=field.metadata.get("key", field.name),
        shape=shape_of(hint),
        default=None if required else default,
        required=required,
        doc=field.metadata.get("doc", ""),
    )


def shape_at(table: type, path: Sequence[str | int]) -> Shape | None:
    """Give the shape of the option at *path* within *table*, or None if there is none."""
    shape: Shape | None = Shape(kind=Kind.TABLE, of=table)
    for step in path:
        if shape is None:
            return None
        if shape.kind is Kind.TABLE:
            member = shape.members.get(str(step))
            shape = member.shape if member else None
        else:
            shape = shape.item
    return shape


_SCALARS = {bool: Kind.FLAG, int: Kind.WHOLE, float: Kind.NUMBER, str: Kind.TEXT}


def shape_of(hint: Any) -> Shape:  # noqa: ANN401 (an annotation can be anything)
    """Read one annotation of the spec's dataclasses; any other raises TypeError."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _marked(shape_of(arguments[0]), arguments[1:])
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not NoneType)
        return dataclasses.replace(shape_of(inner), optional=True)
    if origin is tuple:
        return Shape(kind=Kind.LIST, item=shape_of(arguments[0]))
    if origin is Mapping:
        return Shape(kind=Kind.MAP, item=shape_of(arguments[1]))
    if hint in _SCALARS:
        return Shape(kind=_SCALARS[hint], of=hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return Shape(kind=Kind.TABLE, of=hint)
    if issubclass(hint, StrEnum):
        return Shape(kind=Kind.CHOICE, of=hint)
    raise TypeError(hint)


def _marked(shape: Shape, marks: tuple[object, ...]) -> Shape:
    units = [mark.kind for mark in marks if isinstance(mark, Unit)]
    bounds = tuple(mark for mark in marks if isinstance(mark, Bounds))
    return dataclasses.replace(shape, unit=units[0] if units else shape.unit, bounds=bounds)
