"""``svcctl show``: effective definitions, with where each value came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from svcctl.app.verb import Arg, Kind
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command
from svcctl.spec.drift import leaves

_OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json"),
)
_SET = Arg(name="set", kind=Kind.FLAG, help="leave out what nobody set")


def _show(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    for each in found:
        show_definition(session, each, only_set=asked.flag("set"))
    return 0


_BUILT_IN = "built-in"


def show_definition(session: Session, found: Mapping[str, Any], *, only_set: bool = False) -> None:
    """Show the options of one definition; *only_set*: without those that nobody set."""
    session.out.line(session.out.paint(f"{found['name']}  revision {found['revision']}", "bold"))
    rows = [
        [Cell(path), Cell(value), Cell(origin, "dim")]
        for path, value, origin in values(found["spec"], found["origins"])
        if not (only_set and origin == _BUILT_IN)
    ]
    session.out.table(("OPTION", "VALUE", "FROM"), rows)
    session.out.line()


def values(
    spec: Mapping[str, Any], origins: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """Give each option's path, its value as JSON, and its origin, in the order of the spec."""
    for path, value in leaves(spec):
        if path != "name":
            yield path, json.dumps(value, ensure_ascii=False), origin(origins.get(path, {}))


def origin(found: Mapping[str, Any]) -> str:
    """Say where a value came from."""
    place = ":".join(str(found[name]) for name in ("file", "line", "column") if found.get(name))
    layer = found.get("layer", _BUILT_IN)
    return place if layer == "file" and place else f"{layer} {place}".rstrip()


show = verb_command("show", _show, _OUTPUT, _SET)
