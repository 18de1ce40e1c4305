"""``svcctl alerts``: what is wrong, what was, and who takes care of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from svcctl.cli.human import length, moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command
from svcctl.words.catalogue import Words

Row = Mapping[str, Any]
"""One alert, as the verb ``alerts`` gives it."""

_SHORT = 8  # characters of an id that tell alerts apart
_STYLES = {"P0": "bad", "P1": "warn"}


def _alerts(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    rows = [_row(each, now=time.time(), words=session.out.words) for each in found["alerts"]]
    if rows:
        headings = ("ID", "PRIORITY", "ALERT", "STATE", "SINCE", "LASTS", "WHAT")
        session.out.table(headings, rows)
    else:
        session.out.say("nothing is wrong")
    for name, count in found["under_way"].items():
        session.tell(f"{count} under way to {name}")
    if any(each["state"] == "firing" for each in found["alerts"]):
        session.tell("to take care of one: svcctl ack ID")
    return 0


def _row(each: Row, *, now: float, words: Words) -> list[Cell]:
    state = words.of(each["state"])
    if each["why_muted"] and each["state"] == "muted":
        state = f"{state}: {words.told(each['why_muted'])}"
    style = "dim" if each["ended"] else _STYLES.get(each["priority"], "")
    return [
        Cell(each["id"][:_SHORT]),
        Cell(each["priority"], style),
        Cell(each["alert"]),
        Cell(state),
        Cell(moment(each["began"]), "dim"),
        Cell(length((each["ended"] or now) - each["began"])),
        Cell(each["summary"]),
    ]


alerts = verb_command("alerts", _alerts, OUTPUT)
