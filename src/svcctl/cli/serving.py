"""What the ways in that listen have in common: their options, and what they say once they serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from svcctl.errors import UsageError

if TYPE_CHECKING:
    from svcctl.bootstrap.confining import Confined
    from svcctl.bootstrap.local import Paths
    from svcctl.cli.session import Session

FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)


def listening(default: str, *, client_ca: str) -> list[click.Option]:
    """Give the options of where to listen and what to show; *client_ca* is that one's help."""
    return [
        click.Option(
            ["--listen"],
            metavar="HOST:PORT",
            default=default,
            help=f"where to listen (default: {default}); others reach it by TLS alone",
        ),
        click.Option(["--cert"], type=FILE, metavar="FILE", help="certificate to show, PEM"),
        click.Option(["--key"], type=FILE, metavar="FILE", help="its key, PEM, such as P-256"),
        click.Option(["--client-ca"], type=FILE, metavar="FILE", help=client_ca),
        click.Option(
            ["--domain"], metavar="NAME", help="trust domain of client certificates: example.org"
        ),
    ]


def account() -> list[click.Option]:
    """Give the options of whom to serve as, and of a look whether it could be served."""
    return [
        click.Option(
            ["--user"],
            metavar="NAME",
            help="as root: the account to serve as (default: svcctl-web)",
        ),
        click.Option(
            ["--system"],
            is_flag=True,
            help="not as root: serve the agent of the machine, not your own",
        ),
        click.Option(["--dry-run"], is_flag=True, help="look whether it could be served, and end"),
    ]


def served_paths(session: Session, *, system: bool) -> Paths:
    """Give where the agent is that is to be served; raises UsageError where two are named."""
    from svcctl.bootstrap.local import paths, paths_of_machine  # noqa: PLC0415 - for serving only

    if system and session.home:
        raise UsageError("--system and --home name two agents", hint="leave one of them out")
    return paths_of_machine() if system else paths(session.home)


def says_it_serves(session: Session) -> Callable[[str, Confined], None]:
    """Give what tells people that it serves, as whom, and how the first of them is let in."""

    def say(url: str, confined: Confined) -> None:
        warn(session, confined)
        session.tell(f"serving {url}" + (f" as {confined.user}" if confined.user else ""))
        session.tell("a first token: svcctl auth token issue me --first; Ctrl-C ends this")

    return say


def warn(session: Session, confined: Confined) -> None:
    """Tell people what could not be given up."""
    for each in confined.lacking:
        session.tell(f"warning: {each}")
