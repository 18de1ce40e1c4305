"""The life of an HTTP front: from its port to its last answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from svcctl.auth.contexts import ServerContexts
from svcctl.bootstrap import front as here
from svcctl.bootstrap.confining import Confined, confine, insist_on_account, state_folder
from svcctl.ports import HostPhase
from svcctl.server.freshness import kept_fresh
from svcctl.server.front.assembled import (
    Kept,
    front_application,
    load_everything,
    own_names,
)
from svcctl.server.fronting import connecting, fronting
from svcctl.server.http.serving import listening, served_at

if TYPE_CHECKING:
    from svcctl.bootstrap.local import Paths
    from svcctl.server.front.settings import HttpSettings

_DRAINS = 10.0  # seconds that answers under way may take when it is asked to stop


async def serve_http(
    where: Paths, settings: HttpSettings, *, opened: Callable[[str, Confined], None]
) -> None:
    """Serve others before the agent of *where* until this process is asked to stop, then drain.

    *opened* is called with the URL and what was given up.  Raises what keeps it from serving:
    SpecError for an address that others reach without TLS, SystemFault for a port or an account
    that cannot be had, StateFault for certificates, Denied where the agent does not want it.
    """
    asked, report = asyncio.Event(), here.report()
    with ExitStack() as stack:
        safely = settings.at.material is not None
        listener = stack.enter_context(listening(settings.at.host, settings.at.port, safely=safely))
        contexts = ServerContexts(settings.at.material) if settings.at.material else None
        kept = Kept(folder=state_folder(where, settings.at.user), clock=here.clock())
        names = own_names(settings)
        load_everything(dashboard=settings.dashboard)
        url = settings.at.url_at(listener.getsockname()[1])
        here.load_everything()
        here.raise_file_limit()
        report.tell(HostPhase.RUNNING, text=url)  # nobody may say so once it is somebody else
        confined = confine(settings.at.user)
        stack.enter_context(kept)
        async with fronting(
            connecting(where), clock=kept.clock, domain=settings.at.domain, nonces=kept.nonces
        ) as front:
            stack.enter_context(here.stop_signals(asked.set))
            reload = contexts.reload if contexts else None
            hangup = front.trust.ask_again
            stack.enter_context(kept_fresh(settings.at.material, reload, hangup=hangup))
            tls = contexts.listening if contexts else None
            app = front_application(front, settings, kept, names=names)
            async with served_at(app, listener, tls=tls, proxies=settings.proxies):
                opened(url, confined)
                await asked.wait()
                report.tell(HostPhase.STOPPING, text="answers whoever has asked", within=_DRAINS)


def check_http(settings: HttpSettings) -> str:
    """Give the URL it could be served at; raises what would keep it from that.

    The port is opened and closed again, and certificates are read; nothing is served.
    """
    safely = settings.at.material is not None
    with listening(settings.at.host, settings.at.port, safely=safely) as listener:
        load_everything(dashboard=settings.dashboard)
        if settings.at.material:
            ServerContexts(settings.at.material)
        own_names(settings)
        insist_on_account(settings.at.user)
        return settings.at.url_at(listener.getsockname()[1])
