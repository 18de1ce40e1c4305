"""Every option there is, in one list: the reference, the schema and hints are made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.spec.locate import KeyPath
from svcctl.spec.names import nearest
from svcctl.spec.notation import format_duration, format_octal, format_percent, format_size
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Member, Shape, members, shape_at

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


def options() -> Iterator[Option]:
    """Give every option of a service, tables before what is in them, in the order of the spec."""
    for key, member in members(ServiceSpec).items():
        if key != "name":
            yield from _options(key, member)


def _options(path: str, member: Member) -> Iterator[Option]:
    shape = member.shape
    yield Option(path=path, type=type_text(shape), default=default_text(member), doc=member.doc)
    if shape.kind is Kind.LIST and shape.item is not None:
        path, shape = f"{path}[]", shape.item
    if shape.kind is Kind.TABLE:
        for key, inner in shape.members.items():
            yield from _options(f"{path}.{key}", inner)


def type_text(shape: Shape) -> str:
    """Name the type of an option as files write it."""
    if shape.unit is not None:
        return shape.unit
    match shape.kind, shape.item:
        case Kind.CHOICE, _:
            return " | ".join(shape.choices)
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
    match value:
        case None | "" | () | {}:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return _number_text(value, shape)
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case _:
            return ""


def _number_text(value: float, shape: Shape) -> str:
    match shape.unit:
        case "duration":
            return f'"{format_duration(value)}"'
        case "size":
            return f'"{format_size(int(value))}"'
        case "percent":
            return f'"{format_percent(value)}"'
        case "octal":
            return f'"{format_octal(int(value))}"'
        case _:
            return f"{value:g}"


def meant_option(path: KeyPath) -> KeyPath:
    """Give the path of the option the unknown one at *path* was probably meant to be, or ()."""
    table = shape_at(ServiceSpec, path[:-1])
    if not path or table is None or table.kind is not Kind.TABLE:
        return ()
    word = str(path[-1])
    own = [key for key in table.members if key != "name"]
    if len(path) > 1:
        near = nearest(word, own)
        return (*path[:-1], near) if near else ()
    near = nearest(word.replace("-", "_"), [*own, *_FOREIGN])
    if near in own:
        return (near,)
    return _FOREIGN.get(near) or _elsewhere(word)


def _elsewhere(word: str) -> KeyPath:
    """Find the one table that has an option of this very name."""
    homes = [
        (key, word)
        for key, member in members(ServiceSpec).items()
        if member.shape.kind is Kind.TABLE and word in member.shape.members
    ]
    return homes[0] if len(homes) == 1 else ()
