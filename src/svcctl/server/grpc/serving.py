"""Opens the port of the gRPC interface and closes it in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc

from svcctl.errors import SystemFault
from svcctl.ports import Clock
from svcctl.server.addresses import insist_on_safety
from svcctl.server.answers import Answers
from svcctl.server.grpc.asking import Asking, Limits
from svcctl.server.grpc.caller import Door
from svcctl.server.grpc.connection_cap import Connections, at_most
from svcctl.server.grpc.control import Control
from svcctl.server.grpc.health import Health
from svcctl.server.grpc.once import Once
from svcctl.server.grpc.reflection import Reflection
from svcctl.server.idempotency_keys import Keys
from svcctl.server.refusals import Refusals

_LAST_ANSWERS = 5.0  # seconds that answers under way get when the port is closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What strangers may use up: bytes, seconds and numbers.

    *message* and *metadata*: bytes of a request, and of what comes with it.  *handshake*: seconds
    until a connection is one.  *idle*: seconds until one over which nothing is asked is closed.
    *connections*: at once, *per_address*: of them from one address.  *rpcs*: under way in all,
    *rpcs_per_connection*: over one connection.
    """

    message: int = 1024 * 1024
    metadata: int = 16 * 1024
    handshake: float = 5.0
    idle: float = 300.0
    connections: int = 1_000
    per_address: int = 100
    rpcs: int = 1_000
    rpcs_per_connection: int = 100
    of_asking: Limits = field(default_factory=Limits)


@asynccontextmanager
async def served(
    answers: Answers,
    *,
    doorkeeper: Door,
    keys: Keys,
    clock: Clock,
    host: str,
    port: int,
    tls: grpc.ServerCredentials | None,
    bounds: Bounds | None = None,
    refusals: Refusals | None = None,
) -> AsyncIterator[int]:
    """Serve what *answers* carries out while the block lasts; give the port, which may be chosen.

    *keys* are of changes that are to be made once; *refusals* are written down.
    Raises SpecError for an address others can reach without *tls*, SystemFault where the port
    cannot be had.
    """
    insist_on_safety(host, safely=tls is not None)
    bounds = bounds or Bounds()
    asking = Asking(
        answers,
        doorkeeper=doorkeeper,
        limits=bounds.of_asking,
        connections=Connections(bounds.per_address),
        refusals=refusals,
    )
    server = grpc.aio.server(options=_options(bounds), maximum_concurrent_rpcs=bounds.rpcs)
    control = Control(asking, once=Once(keys), clock=clock)
    handlers = (control.service(), Health(asking).service(), *Reflection(asking).services())
    server.add_generic_rpc_handlers(handlers)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        chosen = server.add_secure_port(address, tls) if tls else server.add_insecure_port(address)
    except RuntimeError as error:
        raise SystemFault(f"cannot listen on {address}", hint="choose another port") from error
    await server.start()
    try:
        async with at_most(bounds.per_address, port=chosen):
            yield chosen
    finally:
        stopping = asyncio.ensure_future(server.stop(_LAST_ANSWERS))
        asking.end_streams()
        await asyncio.shield(stopping)


def _options(bounds: Bounds) -> list[tuple[str, int]]:
    """Give the limits as grpc has them: https://grpc.github.io/grpc/core/group__grpc__arg__keys.html."""
    return [
        ("grpc.so_reuseport", 0),  # or two fronts would share a port, each with half of the callers
        ("grpc.max_receive_message_length", bounds.message),
        ("grpc.max_metadata_size", bounds.metadata),
        ("grpc.absolute_max_metadata_size", bounds.metadata),
        ("grpc.server_handshake_timeout_ms", int(bounds.handshake * 1000)),
        ("grpc.max_connection_idle_ms", int(bounds.idle * 1000)),
        ("grpc.max_allowed_incoming_connections", bounds.connections),
        ("grpc.max_concurrent_streams", bounds.rpcs_per_connection),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 2),
    ]
