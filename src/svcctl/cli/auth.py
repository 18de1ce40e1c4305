"""``svcctl auth``: who may do what, and why."""

from __future__ import annotations

from typing import Any

import click

from svcctl.cli.output import as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command

_NO = 1


@click.group()
def auth() -> None:
    """Say who may do what.

    \b
    svcctl auth explain uid:1001 restart web       why somebody may, or may not
    svcctl auth explain token:ci stop db --roles operator

    What holds is said in [access] of a definition; who did what is shown by svcctl audit.
    """


def _explain(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0 if found["allowed"] else _NO
    for each in found["steps"]:
        session.out.line(_step(session, each))
    answer, shade = ("allowed", "good") if found["allowed"] else ("denied", "bad")
    session.out.line(f"{session.out.paint(answer, shade)}: {found['reason']}")
    return 0 if found["allowed"] else _NO


def _step(session: Session, step: dict[str, Any]) -> str:
    shade = {"allows": "good", "denies": "bad"}.get(step["verdict"], "dim")
    place = session.out.paint(f"  ({step['at']})", "dim") if step["at"] else ""
    verdict = session.out.paint(step["verdict"], shade)
    return f"{step['rule']} {verdict}: {step['why']}{place}"


auth.add_command(verb_command("auth-explain", _explain, OUTPUT), "explain")
