"""``svcctl healing``, ``heal`` and ``run``: what is done by itself, what is not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from svcctl.cli.human import length, moment
from svcctl.cli.outcomes import carry_out, show
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import OUTPUT as STREAMED
from svcctl.cli.verb_command import verb_command
from svcctl.words.catalogue import Words

Row = Mapping[str, Any]
"""Something to be healed, or that was, as the verbs give it."""

_FAILED = 1
_STYLES = {"done": "good", "failed": "bad", "unknown": "warn", "begun": "warn"}


def _healing(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    if not found["healing"].get("enabled", True):
        session.tell("healing is switched off: [healing] enabled = false")
    elif found["healing"].get("dry_run"):
        session.tell("nothing is done, it is only rehearsed: [healing] dry_run = true")
    if found["wanted"]:
        _show_wanted(session, found["wanted"])
    else:
        session.out.say("nothing is to be healed")
    if found["done"]:
        session.out.line()
        session.out.table(
            ("DONE", "SERVICE", "BY", "STATE", "TOOK", "WHY"),
            [_done(each, session.out.words) for each in found["done"]],
        )
    if "rehearsed" in found:
        session.out.line()
        _show_rehearsed(session, found["rehearsed"])
    return 0


def _show_wanted(session: Session, rows: list[Row]) -> None:
    headings = ("SERVICE", "SINCE", "DEED", "BY", "NOW", "WHY")
    session.out.table(headings, [_wanted(each, session.out.words) for each in rows])


def _wanted(each: Row, words: Words) -> list[Cell]:
    return [
        Cell(each["instance"] or each["service"]),
        Cell(moment(each["since"]), "dim"),
        Cell(each["deed"]),
        Cell(each["by"]),
        _decision(each, words),
        Cell(each["why"]),
    ]


def _decision(each: Row, words: Words) -> Cell:
    if each["now"]:
        state = words.of(each.get("state") or "yes")
        return Cell(state, _STYLES.get(each.get("state", ""), "good"))
    until = ""
    if each["until"]:
        until = ", " + words.of("until {time}").format(time=moment(each["until"]))
    return Cell(f"{words.of('no')}: {words.told(each['problem'])}{until}", "warn")


def _done(each: Row, words: Words) -> list[Cell]:
    why = f": {words.told(each['problem'])}" if each["problem"] else ""
    state = words.of(each["state"]) + why
    return [
        Cell(moment(each["at"]), "dim"),
        Cell(each["service"]),
        Cell(each["deed"]),
        Cell(state, _STYLES[each["state"]]),
        Cell("" if each["took"] is None else length(each["took"])),
        Cell(each["why"]),
    ]


def _show_rehearsed(session: Session, rows: list[Row]) -> None:
    if not rows:
        session.out.say("nothing would have been done")
        return
    headings = ("AT", "SERVICE", "DEED", "BY", "WOULD BE DONE", "WHY")
    cells = [
        [Cell(moment(each["at"]), "dim"), *_rehearsed(each, session.out.words)] for each in rows
    ]
    session.out.table(headings, cells)


def _rehearsed(each: Row, words: Words) -> list[Cell]:
    name, _, deed, by, decision, why = _wanted(each, words)
    return [name, deed, by, decision, why]


def _heal(session: Session, asked: Asked) -> int:
    rows = session.ask(asked.request())
    assert isinstance(rows, list)
    if asked.text("output") == "json":
        session.out.line(as_json(rows))
    elif rows:
        _show_wanted(session, rows)
    else:
        session.out.say("nothing is to be healed")
    return _FAILED if any(each.get("state") == "failed" for each in rows) else 0


def _run(session: Session, asked: Asked) -> int:
    result = carry_out(session, asked.request())
    assert isinstance(result, list)
    return show(session, result, verb=asked.verb, output=asked.text("output"))


healing = verb_command("healing", _healing, OUTPUT)
heal = verb_command("heal", _heal, OUTPUT)
run = verb_command("run", _run, STREAMED)
