"""``svcctl drift``: what was applied beside what the files of services say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from svcctl.app.verb import Arg, Kind
from svcctl.cli import plan
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.show import origin
from svcctl.cli.verb_command import verb_command

CHANGES_PENDING = 10
_FAILED = 1

_OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json"),
)
_SENTENCES = {
    "same": ("= {service}: as its files say", "dim"),
    "changed": ("~ {service}: its files say something else", "warn"),
    "undefined": ("! {service}: {problem}", "warn"),
    "unknown": ("? {service}: {problem}", "dim"),
    "unreadable": ("! {service}: {problem}", "bad"),
}
_SIGNS = {"added": ("+", "good"), "removed": ("-", "bad"), "changed": ("~", "warn")}

Drifted = Mapping[str, Any]
"""What the verb ``drift`` says of one service."""


def _drift(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    else:
        for each in found:
            _show(session, each)
    return _exit_status([each["state"] for each in found])


def _show(session: Session, each: Drifted) -> None:
    out = session.out
    sentence, style = _SENTENCES[each["state"]]
    problem = out.words.told(each["problem"])
    said = out.words.of(sentence).format(service=each["service"], problem=problem)
    out.line(out.paint(said, style))
    if each["hint"]:
        session.tell(out.hint(each["hint"]))
    if each["options"]:
        out.table(("", "OPTION", "APPLIED", "FROM", "ON DISK", "FROM"), map(_row, each["options"]))
    if each["needs_restart"]:
        session.tell("a running program has the old values until it is started again")


def _row(option: Drifted) -> list[Cell]:
    sign, style = _SIGNS[option["change"]]
    return [
        Cell(sign, style),
        Cell(option["option"]),
        *_side(option["applied"], option["applied_from"]),
        *_side(option["on_disk"], option["on_disk_from"]),
    ]


def _side(value: object, place: Mapping[str, Any]) -> list[Cell]:
    is_there = value is not None or place
    return [Cell(plan.text(value)), Cell(origin(place) if is_there else "-", "dim")]


def _exit_status(states: Sequence[str]) -> int:
    """Give 10 where there is something to apply, 1 where that cannot be told."""
    if "unreadable" in states:
        return _FAILED
    return CHANGES_PENDING if {"changed", "undefined"} & set(states) else 0


drift = verb_command("drift", _drift, _OUTPUT)
