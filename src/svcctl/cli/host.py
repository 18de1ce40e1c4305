"""``svcctl host``: what a native manager starts for a service, started by hand."""

from __future__ import annotations

import os
import subprocess
import sys

import click

from svcctl.bootstrap.local import native_manager, paths
from svcctl.cli.command import Command
from svcctl.cli.session import Session
from svcctl.cli.verb_command import complete_names
from svcctl.errors import CannotSpawn, UnknownService, quoted


@click.command(
    cls=Command,
    params=[click.Argument(["name"], shell_complete=complete_names)],
    help="Be the host of an installed service, as its native manager would start it. "
    "Stop the service first: it can have one host at a time.",
)
@click.pass_obj
def host(session: Session, /, *, name: str) -> int:
    from svcctl.bootstrap.native import NativeMachine  # noqa: PLC0415 - only with this command

    machine = NativeMachine(paths(session.home), session.home)
    if name not in machine.names():
        known = ", ".join(machine.names()) or "none yet"
        raise UnknownService(
            f"{name!r} is not installed natively", hint=f"svcctl install {name}; known: {known}"
        )
    argv = machine.host_command(name)
    sys.stdout.flush()
    if native_manager() == "scm":
        return subprocess.call(argv)  # noqa: S603 - our own program; there is no exec on Windows
    try:
        os.execv(argv[0], argv)  # noqa: S606 - our own program
    except OSError as error:
        raise CannotSpawn(f"{quoted(argv[0])} cannot be run: {error.strerror}") from error


host.examples = ("svcctl host web      # once it is stopped; Ctrl-C stops it in order",)
