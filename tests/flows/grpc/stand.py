"""A real gRPC server before a real agent's door, whose verbs do what a test says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.bearer import Bearer
from svcctl.auth.contexts import Material
from svcctl.auth.doorkeeper import Doorkeeper
from svcctl.auth.keys import new_ring
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import issue
from svcctl.client.conversation import Conversation
from svcctl.client.link import Link
from svcctl.ports import AuditEntry
from svcctl.server.grpc import tls
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.interface import calls
from svcctl.server.grpc.revoked import Listed
from svcctl.server.grpc.serving import Bounds, served
from svcctl.server.grpc.shapes import Call
from svcctl.server.idempotency_keys import Keys
from svcctl.server.local import LocalServer
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.system.posix.local_socket import SocketDoor
from svcctl.testing.fakes import FakeStore
from svcctl.wire import LONGEST, Selection
from tests.flows.conftest import PATIENCE

SPECS = {name: ServiceSpec(name=name, exec=("true",)) for name in ("web", "db")}


class Stand:
    """Verbs that say what they were asked, until a test has them do something else."""

    def __init__(self, folder: Path, bounds: Bounds | None = None) -> None:
        self.agent = str(folder / "agent.sock")
        self.bounds = bounds
        self.port = 0
        self.clock = SystemClock()
        self.ring = new_ring(self.clock.now())
        self.revocations = Revocations(FakeStore())
        self.deeds: dict[str, Deed] = {}
        self.domain = ""
        self.keys = Keys("", clock=self.clock)
        self.server_tls: grpc.ServerCredentials | None = None
        self.material: Material | None = None
        self.access = Access(store=FakeStore(), specs=lambda: SPECS, owners=None)
        self.rows: list[AuditEntry] = []
        self.came: list[str] = []
        self.given: dict[str, object] = {}

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
            self.given = {"names": list(selection.names), "all": selection.all, **given}
            return []

        return say

    @asynccontextmanager
    async def open(self) -> AsyncIterator[grpc.aio.Channel]:
        """Serve on a port of loopback; give a channel to it."""
        deeds = {verb.name: self.deeds.get(verb.name, self._saying(verb.name)) for verb in VERBS}
        dispatch = Dispatch(deeds, authority=self.access, audit=self, clock=self.clock)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.setblocking(False)
        door.bind(self.agent)
        link = Link(self._connect)
        tokens = Bearer(
            lambda: self.ring, revocations=self.revocations, trusts={}, now=self.clock.now
        )
        doorkeeper = Doorkeeper(
            tokens=tokens, revocations=self.revocations, clock=self.clock, domain=self.domain
        )
        keeper = Listed(doorkeeper, clock=self.clock)
        if self.material:
            shown = tls.Shown(self.material)
            keeper.know(shown.revoked)
            self.server_tls = shown.credentials()
        async with (
            LocalServer(dispatch, door=SocketDoor(door, who_is=lambda _: "uid:7")),
            served(
                link,
                doorkeeper=keeper,
                keys=self.keys,
                clock=self.clock,
                host="127.0.0.1",
                port=0,
                tls=self.server_tls,
                bounds=self.bounds,
            ) as self.port,
            grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel,
        ):
            yield channel
        await link.close()

    async def _connect(self) -> Conversation:
        return Conversation(*await asyncio.open_unix_connection(self.agent, limit=LONGEST))


Story = Callable[[Stand, grpc.aio.Channel], Awaitable[None]]
Metadata = tuple[tuple[str, str], ...]


def told(stand: Stand, story: Story) -> None:
    """Have *story* happen at *stand*, which is open meanwhile."""

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE), stand.open() as channel:
            await story(stand, channel)

    asyncio.run(tell())


def showing(token: str, **more: str) -> Metadata:
    """Give the metadata that shows *token*."""
    others = tuple((key.replace("_", "-"), value) for key, value in more.items())
    return (("authorization", f"Bearer {token}"), *others)


def named(name: str) -> Call:
    """Give the RPC of that name."""
    (found,) = (call for call in calls() if call.name == name)
    return found


def request_of(call: Call, **fields: Any) -> Any:
    """Make a request; about the service web, where it is about any."""
    request: Any = classes().of[call.request.name]()
    names = {field.name for field in call.request.fields}
    if "service" in names:
        request.service = "web"
    if "selection" in names:
        request.selection.names.append("web")
    for name, value in fields.items():
        setattr(request, name, value)
    return request


async def ask(
    channel: grpc.aio.Channel,
    call: Call,
    metadata: Metadata | None,
    *,
    request: Any = None,
    within: float | None = None,
) -> Any:
    """Call *call*; give its reply, or the list of its replies."""
    wanted = request_of(call) if request is None else request
    raw = wanted if isinstance(wanted, bytes) else wanted.SerializeToString()
    if call.streams:
        stream = begin(channel, call, metadata, raw)
        return [each async for each in stream]
    reply: Any = classes().of[call.reply.name]
    rpc: Any = channel.unary_unary(call.path, response_deserializer=reply.FromString)
    return await rpc(raw, metadata=metadata, timeout=within)


def begin(channel: grpc.aio.Channel, call: Call, metadata: Metadata | None, raw: bytes) -> Any:
    """Begin a stream of replies."""
    reply: Any = classes().of[call.reply.name]
    rpc: Any = channel.unary_stream(call.path, response_deserializer=reply.FromString)
    return rpc(raw, metadata=metadata)


async def failure(work: Awaitable[Any]) -> Any:
    """Give how *work* fails, as it has to."""
    try:
        await work
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("it did not fail")
