"""Every option there is, in one list: the reference, the schema and hints are made of it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from svcctl.spec.locate import KeyPath
from svcctl.spec.names import nearest
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Member, Shape, members, shape_at
from svcctl.spec.toml import toml_value, written
from svcctl.spec.unavailable import VALUES

_FOREIGN: dict[str, KeyPath] = {
    "command": ("exec",),
    "cmd": ("exec",),
    "args": ("exec",),
    "script": ("exec",),
    "execstart": ("exec",),
    "directory": ("cwd",),
    "working_dir": ("cwd",),
    "workingdirectory": ("cwd",),
    "environment": ("env",),
    "environmentfile": ("env_file",),
    "depends_on": ("needs",),
    "requires": ("needs",),
    "numprocs": ("instances",),
    "replicas": ("instances",),
    "autostart": ("start",),
    "autorestart": ("restart", "policy"),
    "startretries": ("restart", "max"),
    "stopsignal": ("stop", "signal"),
    "stopwaitsecs": ("stop", "timeout"),
    "healthcheck": ("health",),
    "probe": ("health",),
    "logs": ("log",),
    "backend": ("manager",),
    "group_tag": ("groups",),
    "cron": ("schedule", "cron"),
    "every": ("schedule", "every"),
}
"""What other managers call our options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option as a person reads of it; *path* is like ``stop.timeout`` or ``health[].http``."""

    path: str
    type: str
    default: str
    doc: str


def options(table: type = ServiceSpec) -> Iterator[Option]:
    """Give every option of *table*, tables before what is in them, in the order of the spec."""
    for key, member in members(table).items():
        if key != "name":
            yield from _options(key, member)


def _options(path: str, member: Member) -> Iterator[Option]:
    shape = member.shape
    yield Option(
        path=path,
        type=_SPECIAL_TYPES.get(path) or type_text(shape, without=VALUES.get(path, frozenset())),
        default=default_text(member),
        doc=member.doc,
    )
    if shape.kind is Kind.LIST and shape.item is not None:
        path, shape = f"{path}[]", shape.item
    if shape.kind is Kind.MAP and shape.item is not None and shape.item.kind is Kind.TABLE:
        path, shape = f"{path}.NAME", shape.item
    if shape.kind is Kind.TABLE:
        for key, inner in shape.members.items():
            yield from _options(f"{path}.{key}", inner)


_SPECIAL_TYPES = {
    "watch[].path": "text, or list of text",
    "watch[].journal": "text, or list of text",
    "needs": "list of text, or table of started | ready | healthy | done",
    "instances": 'whole number, or "cpu"',
}


def type_text(shape: Shape, *, without: AbstractSet[str] = frozenset()) -> str:
    """Name the type of an option as files write it, *without* choices that do not act yet."""
    if shape.unit is not None:
        return shape.unit
    match shape.kind, shape.item:
        case Kind.CHOICE, _:
            return " | ".join(each for each in shape.choices if each not in without)
        case (Kind.LIST, Shape() as item):
            return f"list of {type_text(item)}"
        case (Kind.MAP, Shape() as item):
            return f"table of {type_text(item)}"
        case kind, _:
            return _KIND_TEXTS[kind]


_KIND_TEXTS = {
    Kind.FLAG: "true | false",
    Kind.WHOLE: "whole number",
    Kind.NUMBER: "number",
    Kind.TEXT: "text",
    Kind.TABLE: "table",
}


def default_text(member: Member) -> str:
    """Print a default as files would write it; nothing where there is none."""
    value, shape = member.default, member.shape
    if value in (None, "", (), {}) or shape.kind is Kind.TABLE:
        return ""
    return toml_value(written(value, shape))


def meant_option(path: KeyPath, inside: type = ServiceSpec) -> KeyPath:
    """Give what the unknown option at *path* in *inside* was probably meant to be, or ()."""
    table = shape_at(inside, path[:-1])
    if not path or table is None or table.kind is not Kind.TABLE:
        return ()
    word = str(path[-1])
    own = [key for key in table.members if key != "name"]
    if len(path) > 1 or inside is not ServiceSpec:
        near = nearest(word, own)
        return (*path[:-1], near) if near else ()
    word = word.replace("-", "_")
    if exact := _FOREIGN.get(word.lower()) or _elsewhere(word):
        return exact
    near = nearest(word, [*own, *_FOREIGN])
    return (near,) if near in own else _FOREIGN.get(near, ())


def _elsewhere(word: str) -> KeyPath:
    """Find the one table that has an option of this very name."""
    homes = [
        (key, word)
        for key, member in members(ServiceSpec).items()
        if member.shape.kind is Kind.TABLE and word in member.shape.members
    ]
    return homes[0] if len(homes) == 1 else ()
