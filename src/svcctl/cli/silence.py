"""``svcctl silence``: what nobody is told of for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from svcctl.cli.command import Group
from svcctl.cli.human import length, moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command


@click.group(cls=Group)
def silence() -> None:
    """Have nobody told of some alerts for a while.

    All conditions must hold; labels are those of svcctl alerts -o json, and alert and priority.
    """


silence.examples = (
    "svcctl silence add service=web --for 2h --reason 'new disks'",
    "svcctl silence add 'host=~\"db.*\"' priority=P2 --for 1d",
    "svcctl silence list",
    "svcctl silence end 3",
)


def _add(session: Session, asked: Asked) -> int:
    match = asked.options["match"]
    assert isinstance(match, tuple)
    found = session.ask(replace(asked, args=asked.args | {"match": list(match)}).request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    until = moment(found["ends"])
    session.out.say(f"silence {found['number']}: {' '.join(found['match'])} until {until}")
    session.tell(f"to end it: svcctl silence end {found['number']}")
    return 0


def _list(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    elif found:
        headings = ("NUMBER", "WHAT", "NOW", "FROM", "UNTIL", "WHO", "WHY")
        session.out.table(headings, [_row(each) for each in found])
    else:
        session.out.say("there is no silence")
    return 0


def _row(each: Mapping[str, Any]) -> list[Cell]:
    ends = moment(each["ends"])
    return [
        Cell(str(each["number"] or "-")),
        Cell(" ".join(each["match"])),
        Cell("silent" if each["holds"] else "-"),
        Cell(moment(each["begins"]), "dim"),
        Cell(f"{ends}, every {length(each['every'])}" if each["every"] else ends, "dim"),
        Cell(each["who"]),
        Cell(each["why"] or "-"),
    ]


def _end(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.say(f"silence {found['number']} has ended")
    return 0


_MATCH = click.Argument(["match"], nargs=-1, required=True, metavar="LABEL=VALUE...")

silence.add_command(verb_command("silence-add", _add, OUTPUT, more=[_MATCH]), "add")
silence.add_command(verb_command("silence-list", _list, OUTPUT), "list")
silence.add_command(verb_command("silence-end", _end), "end")
