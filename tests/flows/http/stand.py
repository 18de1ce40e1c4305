"""A real HTTP server before a real agent's door, whose verbs do what a test says."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.routing import BaseRoute

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.doorkeeper import EACH, Doorkeeper, Signers
from svcctl.auth.keys import new_ring
from svcctl.auth.nonces import SqliteNonces
from svcctl.auth.oidc import Trust
from svcctl.auth.revocation import Revocations
from svcctl.auth.signature import SignerKey
from svcctl.auth.tokens import issue
from svcctl.client.conversation import Conversation
from svcctl.client.link import Link
from svcctl.ports import AuditEntry
from svcctl.server.front.table import Table
from svcctl.server.http.application import application
from svcctl.server.http.connection import Limits
from svcctl.server.http.exchange import Gate as AnyGate
from svcctl.server.http.gate import Gate
from svcctl.server.http.names import names_of
from svcctl.server.http.proxies import Proxies
from svcctl.server.http.routes import Route
from svcctl.server.http.serving import served
from svcctl.server.local import LocalServer
from svcctl.server.web.gate import SessionGate
from svcctl.server.web.routes import dashboard
from svcctl.server.web.sessions import Sessions
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.system.posix.local_socket import SocketDoor
from svcctl.testing.fakes import FakeStore
from svcctl.wire import LONGEST, Selection

PATIENCE = 60.0
SPECS = {name: ServiceSpec(name=name, exec=("true",)) for name in ("web", "db")}


class Stand:
    """Verbs that say what they were asked, until a test has them do something else."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.agent = str(folder / "agent.sock")
        self.limits, self.proxies = limits, Proxies()
        self.conversations = self.port = 0
        self.clock = SystemClock()
        self.ring = new_ring(self.clock.now())
        self.revocations = Revocations(FakeStore())
        self.deeds: dict[str, Deed] = {
            verb.name: self._saying(verb.name) for verb in VERBS if not verb.local_only
        }
        self.signers: dict[str, SignerKey] = {}
        self.trusts: dict[str, Trust] = {}
        self.sessions: Sessions | None = None
        self.paths: tuple[BaseRoute, ...] = ()
        self.nonces = str(folder / "nonces.db")
        self.domain, self.each = "", EACH
        self.server_tls: ssl.SSLContext | None = None
        self.client_tls: ssl.SSLContext | None = None
        self.access = Access(store=FakeStore(), specs=lambda: SPECS, owners=None)
        self.rows: list[AuditEntry] = []
        self.came: list[str] = []

    def token(self, who: str = "ann", *, role: str = "admin", lifetime: float = 600.0) -> str:
        """Give a token of this host."""
        now = self.clock.now()
        return issue(self.ring, who, roles=[role], lifetime=lifetime, now=now).text

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
        dispatch = Dispatch(deeds, authority=self.access, audit=self, clock=self.clock)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.setblocking(False)
        door.bind(self.agent)
        link = Link(self._connect)
        async with (
            LocalServer(dispatch, door=SocketDoor(door, who_is=lambda _: "uid:7")),
            self._served(link) as port,
            httpx.AsyncClient(
                base_url=f"{'https' if self.client_tls else 'http'}://127.0.0.1:{port}",
                headers=bearer_of(self.token()),
                timeout=PATIENCE,
                trust_env=False,
                verify=self.client_tls or True,
            ) as client,
        ):
            self.port = port
            yield client
        await link.close()

    @asynccontextmanager
    async def _served(self, link: Link) -> AsyncIterator[int]:
        bearer = Bearer(
            lambda: self.ring, revocations=self.revocations, trusts=self.trusts, now=self.clock.now
        )
        with SqliteNonces(self.nonces) as nonces:
            keeper = Doorkeeper(
                tokens=bearer,
                revocations=self.revocations,
                clock=self.clock,
                domain=self.domain,
                signers=Signers(keys=lambda: self.signers, nonces=nonces),
                each=self.each,
            )
            names = names_of("127.0.0.1")
            gate: AnyGate = Gate(keeper, names=names)
            pages: list[BaseRoute] = []
            if self.sessions:
                gate = browsers = SessionGate(gate, sessions=self.sessions, names=names)
                pages = dashboard(browsers)
            app = application(link, gate=gate, clock=self.clock, also=pages)
            self.paths = tuple(app.router.routes)
            app.router.routes[:] = [Table(self.paths)]
            async with served(
                app,
                host="127.0.0.1",
                port=0,
                tls=self.server_tls,
                limits=self.limits,
                proxies=self.proxies,
            ) as port:
                yield port

    async def _connect(self) -> Conversation:
        self.conversations += 1
        return Conversation(*await asyncio.open_unix_connection(self.agent, limit=LONGEST))


Story = Callable[[Stand, httpx.AsyncClient], Awaitable[None]]


def told(stand: Stand, story: Story) -> None:
    """Have *story* happen at *stand*, which is open meanwhile."""

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE), stand.open() as client:
            await story(stand, client)

    asyncio.run(tell())


def bearer_of(token: str) -> dict[str, str]:
    """Give the header that shows *token*."""
    return {"authorization": f"Bearer {token}"}


async def ask(client: httpx.AsyncClient, route: Route, **headers: str) -> httpx.Response:
    """Ask for *route*, about the service web where it is about any."""
    path = route.path.replace("{name}", "web")
    which = {} if route.names_one or route.verb.selects == "none" else {"service": "web"}
    if route.method == "GET":
        return await client.get(path, params=which, headers=headers)
    if route.method == "PUT":
        return await client.put(path, params=which, json={}, headers={"if-match": "*"} | headers)
    return await client.post(path, json=which, headers=headers)
