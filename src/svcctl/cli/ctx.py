"""``svcctl ctx``: agents elsewhere under names, and which of them is asked."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from svcctl.cli.command import Command, Group
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Session
from svcctl.cli.verb_command import complete_contexts
from svcctl.errors import UsageError, quoted

if TYPE_CHECKING:
    from svcctl.client.remote import Remote


@click.group(cls=Group)
def ctx() -> None:
    """Give agents elsewhere names, and say which of them is asked.

    Every command that is for the current context says so.
    """


ctx.examples = (
    "svcctl ctx add web-1 --url https://web-1.example.org:7411 --ca trust.pem",
    "svcctl login web-1                          what shows who asks",
    "svcctl --host web-1 status                  one command",
    "svcctl --host 'web-*' restart shop          on all of them at once",
    "svcctl ctx use web-1                        every command from now on",
    "svcctl ctx use local                        this machine again",
)


def _output() -> click.Option:
    return click.Option(
        ["--output", "-o"],
        type=click.Choice(["text", "json"]),
        default="text",
        help="format of the result (default: text)",
    )


def _known_name(*, required: bool = True) -> click.Argument:
    if required:
        return click.Argument(["name"], shell_complete=complete_contexts)
    return click.Argument(["name"], required=False, default="", shell_complete=complete_contexts)


def _file(name: str, text: str) -> click.Option:
    return click.Option([f"--{name}"], metavar="FILE", default="", help=text)


@click.command(
    cls=Command,
    params=[
        click.Argument(["name"]),
        click.Option(["--url"], required=True, help="such as https://web-1.example.org:7411"),
        _file("ca", "who vouches for its certificate; else those that this system trusts"),
        _file("cert", "a certificate that shows who asks"),
        _file("key", "the key of that certificate"),
    ],
    help="Give an agent elsewhere a name, or that name another address.",
)
@click.pass_obj
def add(session: Session, /, *, name: str, url: str, ca: str, cert: str, key: str) -> int:
    from svcctl.bootstrap.hosts import change_contexts  # noqa: PLC0415 - for this command only
    from svcctl.client.remote import Remote  # noqa: PLC0415
    from svcctl.client.remote_url import check_url  # noqa: PLC0415

    if bool(cert) != bool(key):
        raise UsageError("--cert and --key go together", hint="give both, or neither")
    remote = Remote(
        name=name, url=check_url(url), ca=_found(ca), cert=_found(cert), key=_found(key)
    )
    change_contexts(session.home, lambda known: known.added(remote))
    session.tell(f"{name} is {remote.url}")
    session.tell(f"next: svcctl --host {name} status" if cert else f"next: svcctl login {name}")
    return 0


def _found(path: str) -> str:
    """Give *path* as every folder understands it; raises UsageError where there is no file."""
    if not path:
        return ""
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib is slow to load
        raise UsageError(f"there is no file {quoted(path)}")
    return os.path.abspath(path)  # noqa: PTH100 - as above


@click.command(cls=Command, params=[_output()], help="Show the agents elsewhere that have names.")
@click.pass_obj
def list_(session: Session, /, *, output: str) -> int:
    from svcctl.bootstrap.hosts import contexts  # noqa: PLC0415 - for this command only

    known = contexts(session.home)
    rows = [
        {**_row(session, each), "current": name == known.current}
        for name, each in known.known.items()
    ]
    if output == "json":
        session.out.line(as_json(rows))
    elif rows:
        session.out.table(("", "NAME", "URL", "SHOWS"), [_cells(each) for each in rows])
    else:
        session.out.line("there is no context")
        session.tell("next: svcctl ctx add NAME --url https://HOST:PORT")
    return 0


def _row(session: Session, remote: Remote) -> dict[str, Any]:
    from svcctl.bootstrap.host_tokens import has_token  # noqa: PLC0415 - for this command only

    return {**asdict(remote), "token": has_token(remote, session.home)}


def _cells(row: dict[str, Any]) -> list[Cell]:
    shows = [
        what for what, there in (("token", row["token"]), ("certificate", row["cert"])) if there
    ]
    return [
        Cell("*" if row["current"] else "", "good"),
        Cell(row["name"], "bold" if row["current"] else ""),
        Cell(row["url"]),
        Cell(", ".join(shows) or "-", "" if shows else "dim"),
    ]


@click.command(
    cls=Command,
    params=[_known_name()],
    help="Have every command ask that agent from now on; 'local': this machine again.",
)
@click.pass_obj
def use(session: Session, /, *, name: str) -> int:
    from svcctl.bootstrap.hosts import change_contexts  # noqa: PLC0415 - for this command only

    known = change_contexts(session.home, lambda known: known.using(name))
    session.tell(f"commands are for {known.current or 'this machine'} from now on")
    if known.current:
        session.tell("for this machine again: svcctl ctx use local")
    return 0


@click.command(
    cls=Command,
    params=[_known_name()],
    help="Forget a name, and the token that was kept for it.",
)
@click.pass_obj
def remove(session: Session, /, *, name: str) -> int:
    from svcctl.bootstrap.host_tokens import forget_token  # noqa: PLC0415 - for this command only
    from svcctl.bootstrap.hosts import change_contexts, contexts  # noqa: PLC0415

    remote = contexts(session.home).find(name)
    forget_token(remote, session.home)
    change_contexts(session.home, lambda known: known.removed(name))
    session.tell(f"{name} is forgotten, and its token")
    return 0


@click.command(
    cls=Command,
    params=[_known_name(required=False), _output()],
    help="Show one of them, or the one that is asked now.",
)
@click.pass_obj
def show(session: Session, /, *, name: str, output: str) -> int:
    from svcctl.bootstrap.hosts import chosen, contexts  # noqa: PLC0415 - for this command only

    host = os.environ.get("SVCCTL_HOST", "")
    remotes = [contexts(session.home).find(name)] if name else chosen(session.home, host)
    rows = [_row(session, each) for each in remotes]
    if output == "json":
        session.out.line(as_json(rows[0] if len(rows) == 1 else rows))
        return 0
    for row in rows:
        for key, value in row.items():
            said = ("kept" if value else "none") if key == "token" else value or "-"
            session.out.line(f"{key:6} {said}")
    if not rows:
        session.out.line("this machine")
    return 0


for _name, _command, _example in (
    ("add", add, "svcctl ctx add web-1 --url https://web-1.example.org:7411 --ca trust.pem"),
    ("list", list_, "svcctl ctx list"),
    ("use", use, "svcctl ctx use web-1"),
    ("remove", remove, "svcctl ctx remove web-1"),
    ("show", show, "svcctl ctx show web-1"),
):
    _command.examples = (_example,)
    ctx.add_command(_command, _name)
