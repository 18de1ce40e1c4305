"""``svcctl cert``: a small certificate authority, for those who speak with this machine by TLS."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from svcctl.app.verb import REASON
from svcctl.cli.command import Command, Group
from svcctl.cli.human import moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Session
from svcctl.cli.verb_command import parameter, read_duration
from svcctl.errors import AgentUnreachable
from svcctl.wire import Request

if TYPE_CHECKING:
    from svcctl.auth.authority import Entry

_LASTS = "90d"


@click.group(cls=Group)
def cert() -> None:
    """Make certificates for this machine and others.

    A certificate says who somebody is; what they may is said in [access].
    """


cert.examples = (
    "svcctl cert init --domain example.org       an authority, once",
    "svcctl cert issue host/web-1 --host web-1.example.org",
    "svcctl cert issue ci --for 30d",
    "svcctl cert list",
    "svcctl cert renew host/web-1                the old one holds until it ends",
    "svcctl cert revoke ci --reason 'key lost'",
    "svcctl cert init --rotate                   a new key; what the old one signed holds on",
)


def _output() -> click.Option:
    return click.Option(
        ["--output", "-o"],
        type=click.Choice(["text", "json"]),
        default="text",
        help="format of the result (default: text)",
    )


@click.command(
    cls=Command,
    params=[
        click.Option(["--domain"], metavar="NAME", help="trust domain, such as example.org"),
        click.Option(["--rotate"], is_flag=True, help="give the authority a new key"),
        parameter(REASON),
    ],
    help="Make the authority, or give it a new key.",
)
@click.pass_obj
def init(session: Session, /, *, domain: str | None, rotate: bool, reason: str | None) -> int:
    from svcctl.bootstrap.certificates import authority, written_down  # noqa: PLC0415

    if not rotate and not domain:
        raise click.UsageError("say for which domain: svcctl cert init --domain example.org")
    args = {"domain": domain, "rotate": rotate, "reason": reason}
    with written_down(session.home, "cert-init", args):
        place = authority(session.home)
        ledger = place.rotate() if rotate else place.begin(domain or "")
    session.out.line(f"authority {ledger.authorities} of {ledger.domain}")
    session.tell("next: svcctl cert issue host/NAME --host NAME")
    return 0


init.examples = ("svcctl cert init --domain example.org", "svcctl cert init --rotate")


@click.command(
    cls=Command,
    params=[
        click.Argument(["name"]),
        click.Option(
            ["--host", "hosts"],
            multiple=True,
            metavar="NAME|ADDRESS",
            help="where a server with it answers",
        ),
        click.Option(
            ["--for", "lifetime"],
            type=read_duration,
            default=_LASTS,
            metavar="DURATION",
            help=f"how long it holds (default: {_LASTS})",
        ),
        parameter(REASON),
        _output(),
    ],
    help="Issue a certificate, and its key.",
)
@click.pass_obj
def issue(
    session: Session,
    /,
    *,
    name: str,
    hosts: tuple[str, ...],
    lifetime: float,
    reason: str | None,
    output: str,
) -> int:
    from svcctl.bootstrap.certificates import authority, written_down  # noqa: PLC0415

    args = {"name": name, "hosts": list(hosts), "for": lifetime, "reason": reason}
    with written_down(session.home, "cert-issue", args):
        made = authority(session.home).issue(name, names=hosts, lifetime=lifetime)
    return _show(session, made, output=output)


issue.examples = (
    "svcctl cert issue host/web-1 --host web-1.example.org --host 192.0.2.7",
    "svcctl cert issue ci --for 30d",
)


@click.command(
    cls=Command,
    params=[click.Argument(["name"]), parameter(REASON), _output()],
    help="Issue a certificate like the last one of that name; both hold until the old one ends.",
)
@click.pass_obj
def renew(session: Session, /, *, name: str, reason: str | None, output: str) -> int:
    from svcctl.bootstrap.certificates import authority, written_down  # noqa: PLC0415

    with written_down(session.home, "cert-renew", {"name": name, "reason": reason}):
        made = authority(session.home).renew(name)
    return _show(session, made, output=output)


renew.examples = ("svcctl cert renew host/web-1",)


@click.command(
    cls=Command,
    params=[click.Argument(["name"], metavar="NAME|SERIAL"), parameter(REASON)],
    help="Have all certificates of a name, or one of them, hold no more.",
)
@click.pass_obj
def revoke(session: Session, /, *, name: str, reason: str | None) -> int:
    from svcctl.bootstrap.certificates import authority, written_down  # noqa: PLC0415

    with written_down(session.home, "cert-revoke", {"name": name, "reason": reason}):
        place = authority(session.home)
        gone = place.revoke(name)
    for each in gone:
        session.out.line(f"the certificate {each.serial} of {each.uri} holds no more")
    _tell_agent(session, gone)
    session.tell(f"whoever is to know needs: {place.place(name)['trust']}")
    return 0


revoke.examples = ("svcctl cert revoke ci --reason 'key lost'",)


@click.command(name="list", cls=Command, params=[_output()], help="Show what was issued.")
@click.pass_obj
def listed(session: Session, /, *, output: str) -> int:
    from svcctl.bootstrap.certificates import authority  # noqa: PLC0415 - for certificates only

    ledger, now = authority(session.home).ledger(), time.time()
    if output == "json":
        rows = [asdict(each) | {"state": each.state(now)} for each in ledger.entries]
        session.out.line(as_json(rows))
        return 0
    headings = ("NAME", "SERIAL", "ISSUED", "EXPIRES", "STATE")
    if ledger.entries:
        session.out.table(headings, [_row(each, now) for each in ledger.entries])
    else:
        session.out.line(f"the authority of {ledger.domain} has issued nothing yet")
    return 0


listed.examples = ("svcctl cert list", "svcctl cert list -o json")


def _tell_agent(session: Session, gone: list[Entry]) -> None:
    """Have the agent close at once what was opened with them; one that does not run has nothing."""
    for each in gone:
        args = {"id": each.serial, "certificate": True}
        try:
            replace(session, reason=f"certificate of {each.name}").ask(
                Request(verb="token-revoke", args=dict(args))
            )
        except AgentUnreachable:
            return


def _row(entry: Entry, now: float) -> list[Cell]:
    state = entry.state(now)
    return [
        Cell(entry.name),
        Cell(entry.serial, "dim"),
        Cell(moment(entry.issued_at), "dim"),
        Cell(moment(entry.expires_at), "dim"),
        Cell(state, {"valid": "good", "revoked": "bad"}.get(state, "dim")),
    ]


def _show(session: Session, made: Entry, *, output: str) -> int:
    from svcctl.bootstrap.certificates import authority  # noqa: PLC0415 - for certificates only

    places = authority(session.home).place(made.name)
    if output == "json":
        session.out.line(as_json(asdict(made) | places))
        return 0
    session.out.line(f"{made.uri} until {moment(made.expires_at)}")
    for what, path in places.items():
        session.out.line(f"  {what:12} {path}")
    session.tell("whoever uses it needs all three; the key for its owner alone")
    return 0


for _each in (init, issue, renew, revoke, listed):
    cert.add_command(_each)
