"""``svcctl auth``: who may do what, and why."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import click

from svcctl.cli.auth_sign import sign
from svcctl.cli.command import Group
from svcctl.cli.human import moment
from svcctl.cli.output import Cell, as_json, printable
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.trials import show_table
from svcctl.cli.verb_command import verb_command
from svcctl.words.catalogue import Words

_NO = 1
_WIDE = 100  # columns where nothing says how many there are


@click.group(cls=Group)
def auth() -> None:
    """Say who may do what.

    What holds is said in [access] of a definition; who did what is shown by svcctl audit.
    """


auth.examples = (
    "svcctl auth token issue ci --roles deployer    a token, shown once",
    "svcctl auth token revoke 3f9a77                it holds no more, at once",
    "svcctl auth show                               what [access] says, and where",
    "svcctl auth may                                what I may do here",
    "svcctl auth may web --json                     and to web",
    "svcctl auth explain uid:1001 restart web       why somebody may, or may not",
    "svcctl auth explain token:ci stop db --roles operator",
)


def _may(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    roles = ", ".join(found["roles"]) or "none"
    session.out.say(f"{found['actor']} comes in by {found['way']}; roles: {roles}")
    for each in found["grants"]:
        _grant(session, ", ".join(each["services"]), each["verbs"])
    if asked.selection.all and found["verbs"]:
        _grant(session, session.out.words.of("about no single service"), found["verbs"])
    return 0


def _grant(session: Session, about: str, verbs: list[str]) -> None:
    out = session.out
    for line in wrap(printable(about), out.columns or _WIDE, break_on_hyphens=False):
        out.line(out.paint(line, "bold"))
    for line in wrap(
        printable(", ".join(verbs)), (out.columns or _WIDE) - 2, break_on_hyphens=False
    ):
        out.line(f"  {line}")


def _explain(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0 if found["allowed"] else _NO
    for each in found["steps"]:
        session.out.line(_step(session, each))
    answer, shade = ("allowed", "good") if found["allowed"] else ("denied", "bad")
    answer = session.out.words.of(answer)
    session.out.line(f"{session.out.paint(answer, shade)}: {found['reason']}")
    return 0 if found["allowed"] else _NO


def _step(session: Session, step: dict[str, Any]) -> str:
    shade = {"allows": "good", "denies": "bad"}.get(step["verdict"], "dim")
    place = session.out.paint(f"  ({step['at']})", "dim") if step["at"] else ""
    verdict = session.out.paint(session.out.words.of(step["verdict"]), shade)
    return f"{step['rule']} {verdict}: {step['why']}{place}"


@click.group(cls=Group)
def token() -> None:
    """Issue tokens for who asks from elsewhere, and take them back."""


token.examples = (
    "svcctl auth token issue ci --roles deployer --for 30m",
    "svcctl auth token issue me --first             the first one of an admin",
    "svcctl auth token list",
    "svcctl auth token revoke 3f9a77 --reason 'laptop lost'",
    "svcctl auth token rotate                       sign with a new key",
)


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
        session.out.table(headings, [_row(each, session.out.words) for each in found])
    else:
        session.out.say("there is no token")
    return 0


def _row(each: dict[str, Any], words: Words) -> list[Cell]:
    return [
        Cell(each["id"][:8]),
        Cell(each["subject"]),
        Cell(", ".join(each["roles"]) or "-"),
        Cell(moment(each["issued_at"]), "dim"),
        Cell(moment(each["expires_at"]), "dim"),
        Cell(
            words.of(each["state"]), {"valid": "good", "revoked": "bad"}.get(each["state"], "dim")
        ),
    ]


def _revoke(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.say(f"the token of {found['subject']} holds no more")
    return 0


def _rotate(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.say(f"key {found['key']} signs from {moment(found['signs_from'])}")
    return 0


token.add_command(verb_command("token-issue", _issue, OUTPUT), "issue")
token.add_command(verb_command("token-list", _list, OUTPUT), "list")
token.add_command(verb_command("token-revoke", _revoke), "revoke")
token.add_command(verb_command("token-rotate", _rotate), "rotate")
auth.add_command(verb_command("access-show", show_table, OUTPUT), "show")
auth.add_command(verb_command("may", _may, OUTPUT))
auth.add_command(verb_command("auth-explain", _explain, OUTPUT), "explain")
auth.add_command(token)
auth.add_command(sign)
