"""``svcctl exec``: a command in the environment, folder and account of a service."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import click

from svcctl.bootstrap.local import replaces_programs
from svcctl.cli.command import Command
from svcctl.cli.session import Session
from svcctl.cli.verb_command import names_argument
from svcctl.errors import CannotSpawn, Denied, NotAvailable, UsageError, quoted
from svcctl.wire import Request, Selection


@click.command(
    cls=Command,
    params=[
        names_argument(many=False),
        click.Argument(["argv"], nargs=-1, type=click.UNPROCESSED, metavar="-- CMD [ARG]..."),
    ],
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help="Run a command in the environment a service runs in.",
)
@click.pass_obj
def execute(session: Session, /, *, names: str, argv: tuple[str, ...]) -> int:
    argv = argv[1:] if argv[:1] == ("--",) else argv
    if not argv:
        raise UsageError("there is no command", hint=f"for example: svcctl exec {names} -- env")
    found = session.ask(Request(verb="environment", select=Selection(names=(names,))))
    assert isinstance(found, dict)
    return _become(found, argv)


def _become(place: dict[str, Any], argv: tuple[str, ...]) -> int:
    """Replace this process by *argv*, in *place*; raises CannotSpawn or Denied.

    Where a process cannot be replaced, wait for the command and give its exit status.
    """
    env: dict[str, str] = place["env"]
    whole = [*place["argv_prefix"], *argv]
    try:
        _take_account(place["user"], place["group"])
        os.chdir(place["cwd"])
        if replaces_programs():
            os.execvpe(whole[0], whole, env)  # noqa: S606 - that is what was asked for
        program = shutil.which(whole[0], path=env.get("PATH")) or whole[0]
        return subprocess.call([program, *whole[1:]], env=env)  # noqa: S603 - the same
    except OSError as error:
        raise CannotSpawn(f"{quoted(whole[0])} cannot be run: {error.strerror}") from error


def _take_account(user: str | None, group: str | None) -> None:
    """Become *user* and *group*; only root can, and only root's agent has such services."""
    if user is None and group is None:
        return
    if not replaces_programs():
        raise NotAvailable(
            f"the service runs as {quoted(user or group)}, and no command can be run as that",
            hint="runas /user:ACCOUNT COMMAND",
        )
    if os.geteuid() != 0:
        raise Denied(
            f"the service runs as {quoted(user or group)}; only root may run a command as that",
            hint="sudo svcctl exec ...",
        )
    import grp  # noqa: PLC0415 - there is none on every system
    import pwd  # noqa: PLC0415

    try:
        account = pwd.getpwnam(user) if user else None
        gid = grp.getgrnam(group).gr_gid if group else account.pw_gid if account else os.getgid()
    except KeyError as error:
        raise CannotSpawn(f"there is no account {quoted(user or group)}") from error
    os.setgid(gid)
    if account:
        os.initgroups(account.pw_name, gid)
        os.setuid(account.pw_uid)


execute.examples = ("svcctl exec web -- env", "svcctl exec db -- sh -c 'ls $HOME'")
