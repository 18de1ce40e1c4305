"""``svcctl watch``: the logs of others that are followed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from svcctl.cli.command import Group
from svcctl.cli.human import length, size
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command


@click.group(cls=Group)
def watch() -> None:
    """Show the logs of others that are watched."""


watch.examples = (
    "svcctl watch list             every [[watch]], how far it was read, and what is wrong",
    "svcctl logs --watch NAME      what it says; see also: svcctl logs --help",
    "svcctl show NAME              how it is defined",
    "svcctl remove NAME            watch it no more",
)


def _list(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    elif found:
        headings = ("NAME", "SERVICE", "FROM", "RULES", "LINES", "BEHIND", "LAST LINE", "PROBLEM")
        session.out.table(headings, [_row(each) for each in found])
    else:
        session.out.say("no log is watched")
        session.tell("add to a definition: [[watch]], and: path = '/var/log/app/*.log'")
    return 0


def _row(each: Mapping[str, Any]) -> list[Cell]:
    last = each["last_at"]
    kept = " ".join(each["from"])
    return [
        Cell(each["name"], "bold"),
        Cell(each["service"] or "-"),
        Cell(kept if each["kind"] == "files" else f"{each['kind']}: {kept}", "dim"),
        Cell(str(each["rules"])),
        Cell(str(each["lines"])),
        Cell(size(each["behind_bytes"])),
        Cell("-" if last is None else f"{length(max(0.0, time.time() - last))} ago"),
        Cell(each["problem"] or "-", "bad" if each["problem"] else "dim"),
    ]


watch.add_command(verb_command("watch-list", _list, OUTPUT), "list")
