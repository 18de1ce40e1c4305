"""The dashboard before a real agent, or before verbs that a test makes up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette

from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.doorkeeper import Doorkeeper
from svcctl.auth.identity import Identity
from svcctl.auth.keys import new_ring
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import issue
from svcctl.bootstrap.local import paths
from svcctl.client.link import Link
from svcctl.ports import Clock, Store
from svcctl.server.answers import Answers
from svcctl.server.fronting import connecting
from svcctl.server.http.application import application
from svcctl.server.http.gate import Gate
from svcctl.server.http.serving import served
from svcctl.server.idempotency_keys import Keys
from svcctl.server.web.gate import SessionGate
from svcctl.server.web.routes import dashboard as routes
from svcctl.server.web.sessions import Sessions
from svcctl.system.clock import SystemClock
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection

PATIENCE = 60.0  # seconds

Opened = TypeVar("Opened")


def dashboard(answers: Answers, *, gate: Gate, clock: Clock, kept: Store, keys: Keys) -> Starlette:
    """Give the application with all that a browser is shown."""
    sessions = SessionGate(gate, sessions=Sessions(kept, clock))
    return application(answers, gate=sessions, clock=clock, keys=keys, also=routes(sessions))


class Host:
    """Answers as :attr:`now` does, which may be another one for each test."""

    now: Answers

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """Answer a verb."""
        return await self.now.carry_out(
            name, selection=selection, args=args, identity=identity, emit=emit
        )


class Front:
    """What serves the dashboard of *answers* at :attr:`url` to those it gives tokens."""

    def __init__(self, answers: Answers, *, clock: Clock | None = None) -> None:
        self.answers = answers
        self.clock = clock or SystemClock()
        self.ring = new_ring(self.clock.now())
        self.revocations = Revocations(FakeStore())
        self.port = 0
        self._kept = FakeStore()
        self._issued: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, who: str = "ann", *, role: str = "admin", lifetime: float = 3600.0) -> str:
        """Give a token that this front takes."""
        issued = issue(self.ring, who, roles=[role], lifetime=lifetime, now=self.clock.now())
        self._issued[who] = issued.id
        return issued.text

    def revoke(self, who: str = "ann") -> None:
        """Have the last token of *who* hold no more; to be called while it is open."""
        self._loop.call_soon_threadsafe(
            partial(self.revocations.revoke, until=None, now=self.clock.now()), self._issued[who]
        )

    @asynccontextmanager
    async def open(self, port: int = 0) -> AsyncIterator[None]:
        """Serve until the block is left."""
        self._loop = asyncio.get_running_loop()
        bearer = Bearer(
            lambda: self.ring, revocations=self.revocations, trusts={}, now=self.clock.now
        )
        keeper = Doorkeeper(tokens=bearer, revocations=self.revocations, clock=self.clock)
        with Keys("", clock=self.clock) as keys:
            gate = Gate(keeper)
            app = dashboard(self.answers, gate=gate, clock=self.clock, kept=self._kept, keys=keys)
            async with served(app, host="127.0.0.1", port=port, tls=None) as self.port:
                yield


@contextmanager
def front_of(home: Path, front: Front | None = None) -> Iterator[Front]:
    """Serve the agent whose home is *home*, from a thread; *front* begins again where it was."""
    link = Link(connecting(paths(str(home))))
    known = front or Front(link)
    known.answers = link

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        async with known.open(known.port):
            yield
        await link.close()

    with in_a_thread(opened):
        yield known


@contextmanager
def playing() -> Iterator[tuple[Host, Front]]:
    """Serve a host that plays what it is told to, from a thread."""
    host = Host()
    front = Front(host)
    with in_a_thread(front.open):
        yield host, front


@contextmanager
def in_a_thread(opening: Callable[[], AbstractAsyncContextManager[Opened]]) -> Iterator[Opened]:
    """Have what *opening* gives open in a loop of another thread: a browser's test waits."""
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, Opened]] = Future()

    async def stay() -> None:
        over = asyncio.Event()
        async with opening() as opened:
            begun.set_result((asyncio.get_running_loop(), over, opened))
            await over.wait()

    def run() -> None:
        try:
            asyncio.run(stay())
        except BaseException as error:
            if begun.done():
                raise
            begun.set_exception(error)

    thread = threading.Thread(target=run, name="front")
    thread.start()
    try:
        loop, over, opened = begun.result(PATIENCE)
        try:
            yield opened
        finally:
            loop.call_soon_threadsafe(over.set)
    finally:
        thread.join(PATIENCE)
