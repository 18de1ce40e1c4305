"""``svcctl auth``: who may do what, and why."""

from __future__ import annotations

from typing import Any

import click

from svcctl.cli.human import moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command

_NO = 1


@click.group()
def auth() -> None:
    """Say who may do what.

    \b
    svcctl auth token issue ci --roles deployer    a token, shown once
    svcctl auth token revoke 3f9a77                it holds no more, at once
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


@click.group()
def token() -> None:
    """Issue tokens for who asks from elsewhere, and take them back.

    \b
    svcctl auth token issue ci --roles deployer --for 30m
    svcctl auth token issue me --first             the first one of an admin
    svcctl auth token list
    svcctl auth token revoke 3f9a77 --reason 'laptop lost'
    svcctl auth token rotate                       sign with a new key
    """


def _issue(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    session.out.line(found["token"])
    roles = ", ".join(found["roles"]) or "no role but those of its bindings"
    session.tell(f"for {found['subject']}, with {roles}, until {moment(found['expires_at'])}")
    session.tell(f"it is not shown again; to revoke it: svcctl auth token revoke {found['id'][:8]}")
    return 0


def _list(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    elif found:
        headings = ("ID", "FOR", "ROLES", "ISSUED", "EXPIRES", "STATE")
        session.out.table(headings, [_row(each) for each in found])
    else:
        session.out.line("there is no token")
    return 0


def _row(each: dict[str, Any]) -> list[Cell]:
    return [
        Cell(each["id"][:8]),
        Cell(each["subject"]),
        Cell(", ".join(each["roles"]) or "-"),
        Cell(moment(each["issued_at"]), "dim"),
        Cell(moment(each["expires_at"]), "dim"),
        Cell(each["state"], {"valid": "good", "revoked": "bad"}.get(each["state"], "dim")),
    ]


def _revoke(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.line(f"the token of {found['subject']} holds no more")
    return 0


def _rotate(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.line(f"key {found['key']} signs from {moment(found['signs_from'])}")
    return 0


token.add_command(verb_command("token-issue", _issue, OUTPUT), "issue")
token.add_command(verb_command("token-list", _list, OUTPUT), "list")
token.add_command(verb_command("token-revoke", _revoke), "revoke")
token.add_command(verb_command("token-rotate", _rotate), "rotate")
auth.add_command(verb_command("auth-explain", _explain, OUTPUT), "explain")
auth.add_command(token)
