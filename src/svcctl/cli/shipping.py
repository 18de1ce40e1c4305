"""``svcctl shipping``: where logs are sent, how far behind that is, and whether it would work."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from svcctl.cli.command import Group
from svcctl.cli.human import length, moment, size
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.trials import show_table, tried
from svcctl.cli.verb_command import parameter, verb_command

Row = Mapping[str, Any]
"""How it goes with one receiver, as the verb ``shipping`` gives it."""

_FAILED = 1
_STYLES = {"failing": "bad", "sending": "", "idle": "good"}


@click.group(cls=Group, invoke_without_command=True, params=[parameter(OUTPUT)])
@click.pass_context
def shipping(context: click.Context, /, *, output: str) -> int | None:
    """Show where logs are sent, and how far behind that is."""
    if context.invoked_subcommand is not None:
        return None
    session = context.obj
    assert isinstance(session, Session)
    return _list(session, Asked(verb="shipping", options={"output": output}))


shipping.examples = (
    "svcctl shipping            how it goes with each receiver",
    "svcctl shipping show       what [shipping.NAME] says, and where each value came from",
    "svcctl shipping test lake  send one record to the receiver lake, and say what came back",
)


def _list(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, list)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    if not found:
        session.out.say("nothing is sent anywhere")
        session.tell("to send logs: add [shipping.NAME] to a definition, then svcctl apply")
        return 0
    headings = ("RECEIVER", "KIND", "STATE", "BEHIND", "WAITING", "SENT", "ASIDE", "LOST", "LAST")
    session.out.table(headings, [_cells(each) for each in found])
    for each in found:
        _tell(session, each)
    return 0


def _cells(each: Row) -> list[Cell]:
    waiting = f"{each['lag_lines']} lines, {size(each['lag_bytes'])}" if each["lag_lines"] else "-"
    return [
        Cell(each["receiver"]),
        Cell(each["kind"], "dim"),
        Cell(each["state"], _STYLES[each["state"]]),
        Cell(length(each["lag_seconds"]) if each["lag_lines"] else "-"),
        Cell(waiting),
        Cell(str(each["sent"])),
        Cell(str(each["set_aside"]), "warn" if each["set_aside"] else ""),
        Cell(str(each["lost"]), "bad" if each["lost"] else ""),
        Cell(moment(each["last_sent"]) if each["last_sent"] else "-", "dim"),
    ]


def _tell(session: Session, each: Row) -> None:
    """Say what is wrong with one, and what to do."""
    name = each["receiver"]
    if each["state"] == "failing":
        since = each["failing_since"]
        lasts = f" for {length(time.time() - since)}" if since else ""
        session.tell(f"{name} fails{lasts}: {each['problem']}")
    if each["set_aside"]:
        session.tell(f"{name} refused {each['set_aside']} for good: see {each['set_aside_file']}")


shipping.add_command(verb_command("shipping-show", show_table, OUTPUT), "show")
shipping.add_command(verb_command("shipping-test", tried("receiver"), OUTPUT), "test")
