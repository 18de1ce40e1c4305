"""``svcctl serve grpc``: programs in any language ask by gRPC."""

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
    from svcctl.server.front.settings import Listening

_LISTEN = "127.0.0.1:7412"


@click.command(
    name="grpc",
    cls=Command,
    params=[
        *listening(
            _LISTEN,
            client_ca="let in only who has a certificate of this authority "
            "(with what it revoked, PEM)",
        ),
        click.Option(["--proto"], is_flag=True, help="print the .proto file, and end"),
        *account(),
    ],
    help="Serve the agent of this machine by gRPC until told to stop.",
)
@click.pass_obj
def grpc(
    session: Session,
    /,
    *,
    listen: str,
    cert: str | None,
    key: str | None,
    client_ca: str | None,
    domain: str | None,
    user: str | None,
    system: bool,
    proto: bool,
    dry_run: bool,
) -> int:
    from svcctl.server.front.settings import listening_of  # noqa: PLC0415 - for this command only

    if proto:
        from svcctl.server.grpc.proto_text import description  # noqa: PLC0415 - as above

        click.echo(description(), nl=False)
        return 0
    settings = listening_of(
        listen,
        scheme="grpc",
        certificate=cert,
        key=key,
        client_ca=client_ca,
        domain=domain,
        user=user,
    )
    return _serve(session, settings, system=system, dry_run=dry_run)


grpc.examples = (
    "svcctl serve grpc                                  for programs of this machine",
    "svcctl serve grpc --listen 0.0.0.0:7412 --cert web.pem --key web.key",
    "svcctl serve grpc --listen 0.0.0.0:7412 --cert web.pem --key web.key \\",
    "                  --client-ca trust.pem --domain example.org",
    "svcctl serve grpc --proto > svcctl_v1.proto        what clients are generated from",
)


def _serve(session: Session, settings: Listening, *, system: bool, dry_run: bool) -> int:
    where = served_paths(session, system=system)
    handed = hand_over(where, system=system)
    if handed is not None:
        return handed
    from svcctl.server.grpc.tls import prepare  # noqa: PLC0415 - for this command only
    from svcctl.server.process import begin_log  # noqa: PLC0415

    prepare()
    try:
        from svcctl.server.grpc.front import check_grpc, serve_grpc  # noqa: PLC0415
    except ImportError as error:
        raise NotAvailable(
            f"{error.name} is not installed", hint="pip install 'svcctl[auth,grpc]'"
        ) from error
    if dry_run:
        session.tell(f"it could be served at {check_grpc(settings)}")
        return 0

    begin_log()
    asyncio.run(serve_grpc(where, settings, opened=says_it_serves(session)))
    return 0
