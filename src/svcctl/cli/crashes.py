"""``svcctl crashes``: the errors that services did not handle, and what was known then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from svcctl.cli.foreign import harmless
from svcctl.cli.human import moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command

Row = Mapping[str, Any]
"""One report, as the verb ``crashes`` gives it."""


def _crashes(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    elif "id" in asked.args:
        for each in found:
            _show(session, each)
    elif found:
        session.out.table(("WHEN", "INSTANCE", "ERROR", "IN", "ID"), [_row(each) for each in found])
        session.tell("all that is known of one: svcctl crashes --id ID")
    else:
        session.out.line("no crash was reported")
    return 0


def _row(each: Row) -> list[Cell]:
    times = f"  (and {each['repeats']} before)" if each["repeats"] else ""
    return [
        Cell("-" if each["at"] is None else moment(each["at"]), "dim"),
        Cell(each["instance"]),
        Cell(each["problem"] or f"{each['kind']}: {_first_line(each['message'])}{times}", "bad"),
        Cell(each["where"]),
        Cell(each["id"], "dim"),
    ]


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "")


def _show(session: Session, each: Row) -> None:
    out = session.out
    if each["problem"]:
        out.line(harmless(out, each["problem"]))
        return
    report = each["report"]
    out.line(out.paint(f"{each['instance']}  {moment(each['at'])}  in {each['where']}", "bold"))
    _show_error(session, report["error"], report["stack"])
    for other in report.get("others", ()):
        out.line(f"{other['relation']}:")
        _show_error(session, other, other["stack"])
    if lines := report.get("log"):
        out.line("the last lines of its log:")
        for line in lines if isinstance(lines, list) else ():
            out.line(f"  {harmless(out, line)}")
    session.tell("with variables, environment, versions and threads: -o json")


def _show_error(session: Session, error: Row, stack: Sequence[Row]) -> None:
    out = session.out
    out.line(out.paint(harmless(out, f"{error['kind']}: {error['message']}"), "bad"))
    for frame in stack:
        place = f"{frame['file']}:{frame['line']}"
        out.line(harmless(out, f"  {place} in {frame['function']}: {frame['code']}"))


crashes = verb_command("crashes", _crashes, OUTPUT)
