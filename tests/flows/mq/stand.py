"""A host behind a real broker: a real agent's door, whose verbs do what a test says."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.keys import new_ring
from svcctl.auth.revocation import Revocations
from svcctl.auth.signature import SignerKey
from svcctl.auth.signing_keys import public_text
from svcctl.client.conversation import Conversation
from svcctl.client.host_keys import HostKeys
from svcctl.client.link import Link
from svcctl.client.queue import Queue, Signer, open_queue
from svcctl.errors import AgentUnreachable
from svcctl.ports import AuditEntry
from svcctl.server.local import LocalServer
from svcctl.server.mq.errands import Errands
from svcctl.server.mq.happenings import Happenings
from svcctl.server.mq.ledger import Ledger
from svcctl.server.mq.proving import Prover
from svcctl.server.mq.serving import Serving
from svcctl.server.mq.signed import signed
from svcctl.server.mq.transport import Connect
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.system.posix.local_socket import SocketDoor
from svcctl.testing.fakes import FakeStore
from svcctl.wire import LONGEST, Selection
from tests.flows.mq.sites import Site

PATIENCE = 90.0
SPECS = {name: ServiceSpec(name=name, exec=("true",)) for name in ("web", "db")}


class Stand:
    """One host of a name of its own; verbs say what they were asked, until a test says else."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.host, self.site = f"h{secrets.token_hex(6)}", site
        self.broker = site.parse(site.server.url)
        self.folder, self.agent = folder, str(folder / "agent.sock")
        self.clock = SystemClock()
        self.ring = new_ring(self.clock.now())
        self.revocations = Revocations(FakeStore())
        self.private = secrets.token_bytes(32)
        self.keys: dict[str, Ed25519PrivateKey] = {}
        self.signers: dict[str, SignerKey] = {}
        self.deeds: dict[str, Deed] = {verb.name: self._saying(verb.name) for verb in VERBS}
        self.rows: list[AuditEntry] = []
        self.came: list[str] = []
        self.trusts_broker = True
        self.connected = asyncio.Event()
        self.ledger: Ledger | None = None

    def signer(self, name: str = "ann", *, role: str = "admin") -> Signer:
        """Give a key that the host knows."""
        key = self.keys.setdefault(name, Ed25519PrivateKey.generate())
        public = key.public_key().public_bytes_raw()
        self.signers[name] = SignerKey(actor=f"key:{name}", public=public, roles=(role,))
        return Signer(key=name, private=key.private_bytes_raw())

    @property
    def known(self) -> HostKeys:
        """Give what those who ask know of it."""
        return HostKeys({self.host: public_text(self.private)})

    def record(self, entry: AuditEntry) -> None:
        self.rows.append(entry)

    def _saying(self, name: str) -> Deed:
        async def say(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit, args
            self.came.append(name)
            return {"verb": name, "names": list(selection.names)}

        return say

    @asynccontextmanager
    async def agent_open(self) -> AsyncIterator[None]:
        """Have an agent while the block lasts."""
        authority = Access(store=FakeStore(), specs=lambda: SPECS, owners=None)
        dispatch = Dispatch(self.deeds, authority=authority, audit=self, clock=self.clock)
        Path(self.agent).unlink(missing_ok=True)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.setblocking(False)
        door.bind(self.agent)
        async with LocalServer(dispatch, door=SocketDoor(door, who_is=lambda _: "uid:7")):
            yield

    @asynccontextmanager
    async def front_open(self, *, events: bool = False) -> AsyncIterator[None]:
        """Have the host serve its queue while the block lasts."""
        self.connected.clear()
        link = Link(self._to_agent)
        bearer = Bearer(
            lambda: self.ring, revocations=self.revocations, trusts={}, now=self.clock.now
        )
        async with Ledger(str(self.folder / "ledger.db"), now=self.clock.now) as ledger:
            prover = Prover(
                self.host,
                signers=lambda: self.signers,
                revocations=self.revocations,
                clock=self.clock,
                in_touch=_in_touch,
                tokens=bearer if self.trusts_broker else None,
            )
            errands = Errands(
                self.host,
                answers=link,
                proving=prover,
                ledger=ledger,
                clock=self.clock,
                chance=lambda: 0.5,
            )
            self.ledger = ledger
            happenings = Happenings(
                self.host,
                answers=link,
                ledger=ledger,
                source="tests",
                clock=self.clock,
                chance=lambda: 0.5,
            )
            serving = Serving(
                self.host,
                connect=signed(self.connect(), self.private),
                errands=errands,
                ledger=ledger,
                clock=self.clock,
                chance=lambda: 0.5,
                happenings=happenings if events else None,
            )
            task = asyncio.create_task(serving.serve(connected=self.connected.set))
            try:
                await self.connected.wait()
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await link.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Queue]:
        """Serve; give a queue of somebody who may do everything."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.agent_open())
            await stack.enter_async_context(self.front_open())
            yield await stack.enter_async_context(self.queue())

    @asynccontextmanager
    async def queue(
        self, *, signer: Signer | None = None, token: str = "", hosts: HostKeys | None = None
    ) -> AsyncIterator[Queue]:
        """Give a queue that believes this host alone, or *hosts*."""
        shown, known = signer if signer or token else self.signer(), hosts or self.known
        async with open_queue(self.broker, signer=shown, token=token, hosts=known) as queue:
            yield queue

    async def noted(self, number: int) -> None:
        """Come back once the event of that number is known to be published."""
        assert self.ledger
        while await self.ledger.last_event(self.host) != number:
            await asyncio.sleep(0.02)

    async def dead(self, at_least: int = 1) -> list[tuple[bytes, str]]:
        """Wait for dead letters; give all there are: what they say, and why they are dead."""
        found: list[tuple[bytes, str]] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < at_least:
                await asyncio.sleep(0.05)
                found += await self.site.dead(self.host)
        return found

    def connect(self, host: str = "") -> Connect:
        """Give how this host connects to the broker, or one of another name."""
        return self.site.connect(self.broker, host or self.host)

    async def post(self, *bodies: bytes) -> None:
        """Put messages in the host's queue, whatever they are."""
        await self.site.post(self.host, *bodies)

    async def waiting(self) -> int:
        """Give how many commands wait for the host."""
        return await self.site.waiting(self.host)

    async def _to_agent(self) -> Conversation:
        try:
            return Conversation(*await asyncio.open_unix_connection(self.agent, limit=LONGEST))
        except OSError as error:
            raise AgentUnreachable("no agent") from error


Story = Callable[[], Awaitable[None]]


def told(story: Story) -> None:
    """Have *story* happen."""

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE):
            await story()

    asyncio.run(tell())


async def _in_touch() -> None:
    """It is known who is trusted."""
