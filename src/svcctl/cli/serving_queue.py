"""What the ways in over a queue have in common: their options, and how a host is served."""

from __future__ import annotations

import asyncio
import platform
from typing import TYPE_CHECKING, Protocol

import click

from svcctl.bootstrap.confining import hand_over
from svcctl.cli.command import Command
from svcctl.cli.serving import FILE, account, served_paths, warn
from svcctl.cli.session import Session
from svcctl.errors import UsageError, quoted

if TYPE_CHECKING:
    from svcctl.bootstrap.confining import Confined
    from svcctl.client.broker import Broker
    from svcctl.server.mq.front import Settings
    from svcctl.server.mq.transport import Connect


class Reach(Protocol):
    """Says which broker an address means, and how it is connected to for the commands of a host."""

    def __call__(
        self, url: str, *, ca: str | None, host: str, at_once: int
    ) -> tuple[Broker, Connect]:
        """Give both; raises SpecError, NotAvailable."""


def queue_command(kind: str, reach: Reach, *, title: str, address: str) -> Command:
    """Give the command that serves over one *kind* of broker.

    *title* is its help, *address* that of the option with the broker's address.
    """

    @click.pass_obj
    def serve(
        session: Session,
        /,
        *,
        url_file: str | None,
        ca: str | None,
        name: str | None,
        events: bool,
        trust_broker: bool,
        at_once: int,
        ledger: str | None,
        host_key: str | None,
        show_key: bool,
        user: str | None,
        system: bool,
        dry_run: bool,
    ) -> int:
        from svcctl.app.envelope import insist_on_host  # noqa: PLC0415 - for this command only
        from svcctl.server.mq.front import Settings  # noqa: PLC0415 - as above

        if show_key:
            return _show_key(session, user=user or "", key=host_key or "", system=system)
        if url_file is None:
            raise UsageError("it is not said where the broker is", hint="--url-file FILE")
        host = insist_on_host(name or platform.node().lower())
        broker, connect = reach(_address_in(url_file), ca=ca, host=host, at_once=at_once)
        broker.load()
        settings = Settings(
            host=host,
            broker=broker,
            connect=connect,
            ledger=ledger or "",
            key=host_key or "",
            user=user or "",
            trusts_broker=trust_broker,
            events=events,
        )
        return _serve(session, settings, system=system, dry_run=dry_run)

    return Command(name=kind, callback=serve, params=_options(address), help=title)


def _options(address: str) -> list[click.Parameter]:
    return [
        click.Option(["--url-file"], type=FILE, metavar="FILE", help=address),
        click.Option(
            ["--ca"],
            type=FILE,
            metavar="FILE",
            help="whom to trust instead of the authorities of this machine, PEM",
        ),
        click.Option(
            ["--name"], metavar="HOST", help="what this host is called (default: its own name)"
        ),
        click.Option(["--events"], is_flag=True, help="publish what happens to services"),
        click.Option(
            ["--trust-broker"],
            is_flag=True,
            help="take tokens, not signatures alone: whoever runs the broker can use them too",
        ),
        click.Option(
            ["--at-once"],
            type=click.IntRange(1, 1000),
            default=16,
            metavar="NUMBER",
            help="commands taken off the queue before the first is dealt with (default: 16)",
        ),
        click.Option(
            ["--ledger"],
            type=click.Path(dir_okay=False, resolve_path=True),
            metavar="FILE",
            help="where what was begun and done is written down",
        ),
        click.Option(
            ["--host-key"],
            type=click.Path(dir_okay=False, resolve_path=True),
            metavar="FILE",
            help="key that replies and events are signed with, made where there is none",
        ),
        click.Option(
            ["--show-key"], is_flag=True, help="print what others know that key by, and end"
        ),
        *account(),
    ]


def _serve(session: Session, settings: Settings, *, system: bool, dry_run: bool) -> int:
    where = served_paths(session, system=system)
    handed = hand_over(where, system=system)
    if handed is not None:
        return handed
    from svcctl.server.mq.front import check_queue, serve_queue  # noqa: PLC0415 - as above
    from svcctl.server.process import begin_log  # noqa: PLC0415

    if dry_run:
        asyncio.run(check_queue(settings))
        session.tell(f"{settings.host} could be served over {settings.broker}")
        return 0

    def connected(confined: Confined, key: str) -> None:
        warn(session, confined)
        who = f" as {confined.user}" if confined.user else ""
        session.tell(f"what it says is signed with the key {key}")
        session.tell(f"serving {settings.host} over {settings.broker}{who}; Ctrl-C ends this")

    begin_log()
    asyncio.run(serve_queue(where, settings, connected=connected))
    return 0


def _show_key(session: Session, *, user: str, key: str, system: bool) -> int:
    from svcctl.server.mq.front import show_key  # noqa: PLC0415 - for this command only

    session.out.line(show_key(served_paths(session, system=system), user=user, key=key))
    return 0


def _address_in(path: str) -> str:
    """Read the address of a broker, and the password in it; raises UsageError."""
    from svcctl.bootstrap.private_files import read_private  # noqa: PLC0415 - as above

    try:
        return read_private(path, what="the password").decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{quoted(path)} is not text in UTF-8") from error
