"""The dashboard before verbs that a test makes up, for those who need no browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.doorkeeper import Doorkeeper
from svcctl.auth.keys import new_ring
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import issue
from svcctl.ports import AuditEntry
from svcctl.server.http.application import application
from svcctl.server.http.gate import Gate
from svcctl.server.http.names import names_of
from svcctl.server.http.serving import served
from svcctl.server.web.gate import SessionGate
from svcctl.server.web.routes import dashboard
from svcctl.server.web.sessions import KIND, Sessions
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection

PATIENCE = 60.0  # seconds
SPECS = {name: ServiceSpec(name=name, exec=("true",)) for name in ("web", "db")}


class Place:
    """Verbs that say what they were asked, until a test has them do something else."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.ring = new_ring(self.clock.now())
        self.revocations = Revocations(FakeStore())
        self.kept = FakeStore()
        self.deeds: dict[str, Deed] = {}
        self.names: tuple[str, ...] = ()
        self.rows: list[AuditEntry] = []
        self.came: list[str] = []
        self.port = 0
        self._tokens: dict[str, str] = {}

    def token(self, who: str = "ann", *, role: str = "admin") -> str:
        """Give a token of this host."""
        issued = issue(self.ring, who, roles=[role], lifetime=600.0, now=self.clock.now())
        self._tokens[who] = issued.id
        return issued.text

    def revoke(self, who: str) -> None:
        """Have the last token of *who* hold no more."""
        self.revocations.revoke(self._tokens[who], until=None, now=self.clock.now())

    def sessions(self) -> int:
        """Give how many sessions are kept."""
        return len(self.kept.items(KIND))

    def record(self, entry: AuditEntry) -> None:
        """Keep a row of the audit log."""
        self.rows.append(entry)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve on a port of loopback, as often as it is asked; give a client."""
        async with served(self.application(), host="127.0.0.1", port=0, tls=None) as self.port:
            url = f"http://127.0.0.1:{self.port}"
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as client:
                yield client

    def application(self) -> Starlette:
        """Give the application, as a process that begins makes it."""
        deeds: Mapping[str, Deed] = {verb.name: self._saying(verb.name) for verb in VERBS}
        access = Access(store=FakeStore(), specs=lambda: SPECS, owners=None)
        dispatch = Dispatch({**deeds, **self.deeds}, authority=access, audit=self, clock=self.clock)
        bearer = Bearer(
            lambda: self.ring, revocations=self.revocations, trusts={}, now=self.clock.now
        )
        keeper = Doorkeeper(tokens=bearer, revocations=self.revocations, clock=self.clock)
        gate = SessionGate(
            Gate(keeper),
            sessions=Sessions(self.kept, self.clock),
            names=names_of("127.0.0.1", more=self.names),
        )
        return application(dispatch, gate=gate, clock=self.clock, also=dashboard(gate))

    async def status_of(self, path: str) -> int:
        """Give the status that *path* is answered with, sent as it stands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return int(answer.split()[1])

    def _saying(self, name: str) -> Deed:
        async def say(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit
            self.came.append(name)
            return {"verb": name, "names": list(selection.names), "args": dict(args.values)}

        return say
