"""A real HTTP server before a real dispatch, whose verbs do what a test says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.requests import Request

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import Unauthenticated
from svcctl.ports import AuditEntry
from svcctl.server.http.application import application
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection

ANN = "Bearer ann"
PATIENCE = 30.0
SPECS = {name: ServiceSpec(name=name, exec=("true",)) for name in ("web", "db")}


class Stand:
    """Verbs that say what they were asked, until a test has them do something else."""

    def __init__(self) -> None:
        self.deeds: dict[str, Deed] = {
            verb.name: self._saying(verb.name) for verb in VERBS if not verb.local_only
        }
        self.rows: list[AuditEntry] = []
        self.came: list[str] = []

    def record(self, entry: AuditEntry) -> None:
        self.rows.append(entry)

    def _saying(self, name: str) -> Deed:
        async def say(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit
            self.came.append(name)
            given = {key: value for key, value in args.values.items() if value is not None}
            return {"verb": name, "names": list(selection.names), "args": given}

        return say

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve on a port of loopback; give a client that shows it is Ann."""
        deeds = {verb.name: self.deeds.get(verb.name, self._saying(verb.name)) for verb in VERBS}
        authority = Access(store=FakeStore(), specs=lambda: SPECS, owners=None)
        dispatch = Dispatch(deeds, authority=authority, audit=self, clock=SystemClock())
        app = application(dispatch, authenticate=_known, clock=SystemClock())
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        host, port = listener.getsockname()
        client = httpx.AsyncClient(
            base_url=f"http://{host}:{port}",
            headers={"authorization": ANN},
            timeout=PATIENCE,
            trust_env=False,
        )
        try:
            async with client:
                yield client
        finally:
            server.should_exit = True
            await serving


async def _known(request: Request) -> Identity:
    if request.headers.get("authorization") != ANN:
        raise Unauthenticated("no credentials", hint="send a token")
    return Identity(actor="ann", way=Way.HTTP, proof=Proof.TOKEN, roles=("admin",))
