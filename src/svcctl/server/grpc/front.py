"""The life of a gRPC front: from its port to its last answer."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from svcctl.bootstrap import front as here
from svcctl.bootstrap.confining import Confined, confine, insist_on_account, state_folder
from svcctl.errors import SystemFault
from svcctl.ports import HostPhase
from svcctl.server.addresses import insist_on_safety
from svcctl.server.freshness import kept_fresh
from svcctl.server.fronting import connecting, fronting
from svcctl.server.grpc import tls
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.revoked import Listed
from svcctl.server.grpc.serving import served
from svcctl.server.idempotency_keys import Keys
from svcctl.server.refusals import Refusals

if TYPE_CHECKING:
    from svcctl.auth.contexts import Material
    from svcctl.bootstrap.local import Paths
    from svcctl.server.front.settings import Listening

_DRAINS = 10.0  # seconds that answers under way may take when it is asked to stop
_LATER = ("google.rpc.error_details_pb2", "google.rpc.status_pb2", "joserfc.jwt")
"""What is loaded where it is needed, and may not be readable any more by then."""


async def serve_grpc(
    where: Paths, settings: Listening, *, opened: Callable[[str, Confined], None]
) -> None:
    """Serve others before the agent of *where* until this process is asked to stop, then drain.

    *opened* is called with the URL and what was given up.  Raises what keeps it from serving:
    SpecError for an address that others reach without TLS, SystemFault for a port or an account
    that cannot be had, StateFault for certificates, Denied where the agent does not want it.
    """
    asked, report = asyncio.Event(), here.report()
    _insist_on_port(settings)
    shown = tls.Shown(settings.material) if settings.material else None
    folder = state_folder(where, settings.user)
    _load_everything()
    here.raise_file_limit()
    report.tell(HostPhase.RUNNING, text=settings.url_at(settings.port))  # as who it was started
    confined = confine(settings.user)  # gRPC has no thread yet: all it gets are confined too
    connect, clock = connecting(where), here.clock()
    async with fronting(connect, clock=clock, domain=settings.domain) as front:
        keeper = Listed(front.doorkeeper, clock=clock)

        def show(material: Material) -> None:
            assert shown is not None
            shown.reload(material)
            keeper.know(shown.revoked)

        with ExitStack() as stack:
            keys = stack.enter_context(Keys(f"{folder}/grpc-keys.db", clock=clock))
            if shown:
                keeper.know(shown.revoked)
            stack.enter_context(here.stop_signals(asked.set))
            hangup = front.trust.ask_again
            stack.enter_context(kept_fresh(settings.material, show, hangup=hangup))
            async with served(
                front.link,
                doorkeeper=keeper,
                keys=keys,
                clock=clock,
                host=settings.host,
                port=settings.port,
                tls=shown.credentials() if shown else None,
                refusals=Refusals(front.link, clock=clock),
            ) as port:
                opened(settings.url_at(port), confined)
                await asked.wait()
                report.tell(HostPhase.STOPPING, text="answers whoever has asked", within=_DRAINS)


def check_grpc(settings: Listening) -> str:
    """Give the URL it could be served at; raises what would keep it from that."""
    _insist_on_port(settings)
    if settings.material:
        tls.Shown(settings.material)
    insist_on_account(settings.user)
    return settings.url_at(settings.port)


def _insist_on_port(settings: Listening) -> None:
    """Raise SystemFault where the port cannot be had, SpecError where it must not be."""
    insist_on_safety(settings.host, safely=settings.material is not None)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise SystemFault(
            f"cannot listen on {settings.host}:{settings.port}: {why}", hint="choose another port"
        ) from error


def _load_everything() -> None:
    here.load_everything()
    classes()
    for name in _LATER:
        importlib.import_module(name)
