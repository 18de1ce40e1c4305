"""``svcctl alert``: who is told of what, and whether they can be."""

from __future__ import annotations

import click

from svcctl.cli.human import length
from svcctl.cli.output import as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.show import show_definition
from svcctl.cli.verb_command import verb_command

_FAILED = 1


@click.group()
def alert() -> None:
    """Look at who is told of what, and try it.

    \b
    svcctl alert show          what [alerting] says, and where each value came from
    svcctl alert test ops      send a notice by the channel ops, and say what came back

    What is wrong is shown by svcctl alerts.
    """


def _test(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    elif found["ok"]:
        session.out.line(f"{found['channel']} took it within {length(found['seconds'])}")
    else:
        err = session.err
        err.line(f"{err.paint('failed', 'bad')}: {found['channel']}: {found['problem']}")
        if found["hint"]:
            err.line(f"hint: {found['hint']}")
    return 0 if found["ok"] else _FAILED


def _show(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    else:
        show_definition(session, found)
    return 0


alert.add_command(verb_command("alert-show", _show, OUTPUT), "show")
alert.add_command(verb_command("alert-test", _test, OUTPUT), "test")
