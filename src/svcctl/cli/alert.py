"""``svcctl alert``: who is told of what, and whether they can be."""

from __future__ import annotations

import click

from svcctl.cli.command import Group
from svcctl.cli.replies import OUTPUT
from svcctl.cli.trials import show_table, tried
from svcctl.cli.verb_command import verb_command

_FAILED = 1


@click.group(cls=Group)
def alert() -> None:
    """Look at who is told of what, and try it.

    What is wrong is shown by svcctl alerts.
    """


alert.examples = (
    "svcctl alert show          what [alerting] says, and where each value came from",
    "svcctl alert test ops      send a notice by the channel ops, and say what came back",
)


alert.add_command(verb_command("alert-show", show_table, OUTPUT), "show")
alert.add_command(verb_command("alert-test", tried("channel"), OUTPUT), "test")
