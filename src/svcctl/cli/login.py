"""``svcctl login`` and ``logout``: what shows an agent elsewhere who asks."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

import click

from svcctl.bootstrap.host_tokens import check_token, forget_token, keep_token
from svcctl.bootstrap.hosts import contexts, remote_client
from svcctl.cli.command import Command
from svcctl.cli.human import moment
from svcctl.cli.session import Session
from svcctl.cli.verb_command import complete_contexts
from svcctl.errors import AgentUnreachable, Denied, Unauthenticated, UsageError
from svcctl.wire import Request

if TYPE_CHECKING:
    from svcctl.client.remote import Remote

_LONGEST = 32_768  # characters that are read


def _name() -> click.Argument:
    return click.Argument(["name"], required=False, default="", shell_complete=complete_contexts)


@click.command(
    cls=Command,
    params=[
        _name(),
        click.Option(["--token-stdin"], is_flag=True, help="read the token from standard input"),
    ],
    help="Keep a token for an agent elsewhere, once that has let one in with it.",
)
@click.pass_obj
def login(session: Session, /, *, name: str, token_stdin: bool) -> int:
    remote = _meant(session, name)
    token = check_token(_read(remote, token_stdin=token_stdin))
    version = _try(session, remote, token)
    where = keep_token(remote, session.home, token)
    who, until = _told(token)
    session.out.line(f"{remote.name} knows you as {who}{f', until {until}' if until else ''}")
    if version:
        session.tell(f"{remote.url} answers with svcctl {version}; the token is kept in {where}")
    session.tell(f"next: svcctl --host {remote.name} status")
    return 0


login.examples = ("svcctl login web-1", "svcctl login web-1 --token-stdin < token")


@click.command(
    cls=Command, params=[_name()], help="Forget the token that was kept for an agent elsewhere."
)
@click.pass_obj
def logout(session: Session, /, *, name: str) -> int:
    remote = _meant(session, name)
    if not forget_token(remote, session.home):
        session.out.line(f"there was no token for {remote.name}")
        return 0
    session.out.line(f"the token for {remote.name} is forgotten; it holds until it expires")
    session.tell("to end it at once, on that machine: svcctl auth token revoke ID")
    return 0


logout.examples = ("svcctl logout web-1",)


def _meant(session: Session, name: str) -> Remote:
    known = contexts(session.home)
    if not name and not known.current:
        raise UsageError("say which context", hint="svcctl login NAME; see: svcctl ctx list")
    return known.find(name or known.current)


def _read(remote: Remote, *, token_stdin: bool) -> str:
    if token_stdin:
        return sys.stdin.readline(_LONGEST)
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody can be asked for the token here",
            hint=f"svcctl login {remote.name} --token-stdin < FILE",
        )
    from getpass import getpass  # noqa: PLC0415 - for people only

    return getpass(f"Token for {remote.name} (it is not shown): ")


def _try(session: Session, remote: Remote, token: str) -> str:
    """Ask with *token*; give the version there, empty where that may not be seen.

    Raises Unauthenticated where *token* is not taken, AgentUnreachable.
    """
    try:
        with remote_client(remote, session.home, token=token) as client:
            found = client.ask(Request(verb="agent-status"))
    except Unauthenticated as error:
        hint = "have one issued, on that machine: svcctl auth token issue NAME --roles ROLE"
        raise Unauthenticated(error.problem, hint=hint) from None
    except Denied:  # it is known who asks, or it could not be denied
        return ""
    if not isinstance(found, dict):
        raise AgentUnreachable(f"what answers at {remote.url} is no agent")
    return str(found.get("version", ""))


def _told(token: str) -> tuple[str, str]:
    """Give whom a token that was taken is for, and until when, as it says itself."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        who, until = claims["sub"], claims.get("exp")
        return str(who), moment(until) if isinstance(until, int | float) else ""
    except (ArithmeticError, KeyError, OSError, TypeError, ValueError):
        return "somebody it does not name", ""
