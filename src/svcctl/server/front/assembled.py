"""Puts an HTTP front together: what it remembers, whom it lets in, what it answers."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from svcctl.auth.nonces import SqliteNonces
from svcctl.errors import NotAvailable
from svcctl.server.front.table import Table
from svcctl.server.http.application import application
from svcctl.server.http.exchange import Gate as AnyGate
from svcctl.server.http.gate import Gate
from svcctl.server.http.names import names_of
from svcctl.server.idempotency_keys import Keys
from svcctl.server.refusals import Refusals

if TYPE_CHECKING:
    from types import ModuleType

    from starlette.applications import Starlette
    from starlette.routing import BaseRoute

    from svcctl.ports import Clock
    from svcctl.server.front.settings import HttpSettings
    from svcctl.server.fronting import Front

_USED_LATE = (
    *("joserfc.jwk", "joserfc.jwt", "joserfc.jws", "http_message_signatures"),
    *("cryptography.x509", "cryptography.hazmat.primitives.asymmetric.ed25519"),
    *("anyio.from_thread", "anyio._backends._asyncio", "sqlite3", "ipaddress", "urllib.request"),
    *("concurrent.futures.thread", "multiprocessing.util", "encodings.idna", "http.client"),
    *("email.parser", "starlette.requests", "starlette.responses", "starlette.formparsers"),
    "uvicorn.lifespan.off",
)


NEEDED = "pip install 'svcctl[auth,http]'"
"""What a front is made of."""


class Kept:
    """What a front remembers over restarts, in *folder*; a context manager.

    Nonces of signed requests, keys of what is to be done once, sessions of browsers.
    """

    def __init__(self, *, folder: str, clock: Clock) -> None:
        self._folder, self.clock = folder, clock
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        from svcctl.engine.store import SqliteStore  # noqa: PLC0415 - loaded beforehand

        with ExitStack() as stack:
            self.nonces = stack.enter_context(SqliteNonces(f"{self._folder}/nonces.db"))
            self.keys = stack.enter_context(Keys(f"{self._folder}/keys.db", clock=self.clock))
            self.store = SqliteStore(f"{self._folder}/sessions.db")
            stack.callback(self.store.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def own_names(settings: HttpSettings) -> frozenset[str]:
    """Give what this host is called by who asks it; raises StateFault for its certificate."""
    certificate = settings.at.material.certificate if settings.at.material else ""
    return names_of(settings.at.host, certificate=certificate, more=settings.names)


def front_application(
    front: Front, settings: HttpSettings, kept: Kept, *, names: Collection[str]
) -> Starlette:
    """Give the application of *front*, which is called *names*; to be called where a loop runs."""
    gate: AnyGate = Gate(front.doorkeeper, names=names)
    refusals = Refusals(front.link, clock=kept.clock)
    pages: list[BaseRoute] = []
    if settings.dashboard:
        from svcctl.server.web.gate import SessionGate  # noqa: PLC0415 - where there is one
        from svcctl.server.web.routes import dashboard  # noqa: PLC0415
        from svcctl.server.web.sessions import Sessions  # noqa: PLC0415

        sessions = SessionGate(gate, sessions=Sessions(kept.store, kept.clock), names=names)
        gate, pages = sessions, dashboard(sessions, refusals=refusals)
    made = application(
        front.link, gate=gate, clock=kept.clock, also=pages, keys=kept.keys, refusals=refusals
    )
    made.router.routes[:] = [Table(made.router.routes)]
    return made


def load_everything(*, dashboard: bool) -> None:
    """Load all that will be used: who has given up its rights may not be able to read it later.

    Raises NotAvailable where something of it is not installed.
    """
    import svcctl.auth  # noqa: PLC0415 - for fronts only
    import svcctl.server.http  # noqa: PLC0415

    packages = [svcctl.auth, svcctl.server.http]
    if dashboard:
        import svcctl.server.web  # noqa: PLC0415
        from svcctl.server.web.files import table  # noqa: PLC0415

        packages.append(svcctl.server.web)
        table()
    for package in packages:
        _load(package)
    for name in (*_USED_LATE, "svcctl.engine.store", "svcctl.sdk.redaction"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise NotAvailable(f"{error.name} is not installed", hint=NEEDED) from error


def _load(package: ModuleType) -> None:
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(each.name)
