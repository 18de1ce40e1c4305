"""``svcctl health``: how services find themselves, check by check."""

from __future__ import annotations

from typing import Any

from svcctl.cli.output import Cell
from svcctl.cli.replies import OUTPUT, ask, show
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command
from svcctl.cli.wellbeing import Reply, details, style

UNWELL = 1
"""Exit status where a service is DOWN."""


def _health(session: Session, asked: Asked) -> int:
    found = ask(session, asked.request())

    def say(each: Reply) -> None:
        answer = each["answer"]
        title = session.out.paint(each["instance"], "bold")
        session.out.line(f"{title}  {session.out.paint(answer['status'], style(answer))}")
        session.out.table(("CHECK", "STATUS", "DETAILS"), rows(answer["checks"]))

    status = show(session, found, output=asked.text("output"), say=say)
    down = any(each["ok"] and each["answer"]["status"] == "DOWN" for each in found)
    return status or (UNWELL if down else 0)


def rows(checks: dict[str, Any]) -> list[list[Cell]]:
    """Give a row for each check."""
    return [
        [Cell(name), Cell(each["status"], style(each)), Cell(details(each))]
        for name, each in checks.items()
    ]


health = verb_command("health", _health, OUTPUT)
