"""``svcctl finding``: what was found and is nothing, and what is to be told again."""

from __future__ import annotations

import click

from svcctl.cli.command import Group
from svcctl.cli.output import as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command


@click.group(cls=Group)
def finding() -> None:
    """Say that a finding is nothing, or take that back.

    Ids are those of svcctl findings, and of svcctl findings --rejected.
    """


finding.examples = (
    "svcctl finding quiet 3f9a          never tell of such again",
    "svcctl finding wake 3f9a           tell of it again",
)


def _quiet(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") != "text":
        session.out.line(as_json(found))
        return 0
    session.out.say(f"quiet: {found['pattern']}")
    session.tell(f"to take that back: svcctl finding wake {found['id']}")
    return 0


def _wake(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") != "text":
        session.out.line(as_json(found))
        return 0
    session.out.say(f"told again: {found['pattern']}")
    session.tell("where its alert was called false too: svcctl silence list")
    return 0


finding.add_command(verb_command("finding-quiet", _quiet, OUTPUT), "quiet")
finding.add_command(verb_command("finding-wake", _wake, OUTPUT), "wake")
