"""``svcctl serve http``: programs and browsers ask by HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from svcctl.bootstrap.confining import hand_over
from svcctl.cli.command import Command
from svcctl.cli.serving import account, listening, says_it_serves, served_paths
from svcctl.cli.session import Session
from svcctl.errors import NotAvailable

if TYPE_CHECKING:
    from svcctl.server.front.settings import HttpSettings

_LISTEN = "127.0.0.1:7411"


@click.command(
    name="http",
    cls=Command,
    params=[
        *listening(
            _LISTEN,
            client_ca="take client certificates of this authority (with what it revoked, PEM) too",
        ),
        click.Option(
            ["--name", "names"],
            multiple=True,
            metavar="NAME",
            help="what else this host is called by who asks it; can be repeated",
        ),
        click.Option(
            ["--trusted-proxy", "proxies"],
            multiple=True,
            metavar="CIDR",
            help="believe what proxies there say of who asks (X-Forwarded-For, Forwarded); "
            "can be repeated",
        ),
        click.Option(["--no-dashboard"], is_flag=True, help="serve programs, not browsers"),
        *account(),
    ],
    help="Serve the agent of this machine by HTTP, and its dashboard, until told to stop.",
)
@click.pass_obj
def http(
    session: Session,
    /,
    *,
    listen: str,
    cert: str | None,
    key: str | None,
    client_ca: str | None,
    domain: str | None,
    names: tuple[str, ...],
    proxies: tuple[str, ...],
    user: str | None,
    system: bool,
    no_dashboard: bool,
    dry_run: bool,
) -> int:
    from svcctl.server.front.settings import (  # noqa: PLC0415 - for this command only
        HttpSettings,
        listening_of,
    )
    from svcctl.server.http.proxies import read_proxies  # noqa: PLC0415 - as above

    at = listening_of(
        listen,
        scheme="http",
        certificate=cert,
        key=key,
        client_ca=client_ca,
        domain=domain,
        user=user,
    )
    settings = HttpSettings(
        at=at, names=names, proxies=read_proxies(proxies), dashboard=not no_dashboard
    )
    return _serve(session, settings, system=system, dry_run=dry_run)


http.examples = (
    "svcctl serve http                                  for programs of this machine",
    "svcctl serve http --listen 0.0.0.0:7411 --cert web.pem --key web.key",
    "svcctl serve http --listen 0.0.0.0:7411 --cert web.pem --key web.key \\",
    "                  --client-ca trust.pem --domain example.org",
    "svcctl serve http --name svcctl.example.org --trusted-proxy 127.0.0.1   behind nginx",
    "svcctl serve http --user www-data --dry-run        what is missing, if anything",
)


def _serve(session: Session, settings: HttpSettings, *, system: bool, dry_run: bool) -> int:
    from svcctl.server.process import begin_log  # noqa: PLC0415 - for this command only

    where = served_paths(session, system=system)
    handed = hand_over(where, system=system)
    if handed is not None:
        return handed
    try:
        from svcctl.server.front.http import check_http, serve_http  # noqa: PLC0415
    except ImportError as error:
        raise NotAvailable(
            f"{error.name} is not installed", hint="pip install 'svcctl[auth,http]'"
        ) from error
    if dry_run:
        url = check_http(settings)
        session.tell(f"it could be served at {url}")
        return 0

    begin_log()
    asyncio.run(serve_http(where, settings, opened=says_it_serves(session)))
    return 0
