"""The service ``grpc.health.v1.Health``: of the interface to anybody, of services to who may see.

Its names are empty (this process), ``svcctl.v1.Control``, and those of services: these are SERVING
while each of their instances is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2

from svcctl.app.waiting import Emit, Nobody
from svcctl.auth.identity import Identity
from svcctl.errors import UnknownService, UsageError
from svcctl.server.grpc.asking import Asking
from svcctl.server.grpc.caller import Caller
from svcctl.server.grpc.shapes import PACKAGE, SERVICE
from svcctl.server.grpc.watching import Ask, watch_status
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.server.grpc.caller import Context

NAME = "grpc.health.v1.Health"
OPEN = ("", f"{PACKAGE}.{SERVICE}")
"""What anybody may ask about: whether somebody answers here."""


class Standing(Enum):
    """What a health check may say."""

    SERVING = health_pb2.HealthCheckResponse.SERVING
    NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
    SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health:
    """Answers who wants to know whether something serves."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def service(self) -> grpc.GenericRpcHandler:
        """Give it as a server takes it."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Check": grpc.stream_unary_rpc_method_handler(self._check),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch),
        }
        return grpc.method_handlers_generic_handler(NAME, handlers)

    async def _check(self, requests: object, context: Context) -> bytes:
        del requests  # read from the context
        return await self._asking.answer(context, self._checked)

    async def _checked(self, caller: Caller) -> bytes:
        name = _parsed(await self._asking.read(caller))
        if name in OPEN:
            return _said(Standing.SERVING)
        ask = self._about(name, await self._asking.identify(caller))
        return _said(_standing(await ask("status", args={}, emit=Nobody())))

    async def _watch(self, requests: object, context: Context) -> None:
        del requests  # as above
        await self._asking.answer(context, self._watched)

    async def _watched(self, caller: Caller) -> None:
        """Tell it again and again, which nobody may ask for without showing who they are."""
        identity = await self._asking.identify(caller)
        name = _parsed(await self._asking.read(caller))
        everything = partial(self._asking.ask, selection=Selection(), identity=identity)
        about = self._about(name, identity)
        replies = _for_ever() if name in OPEN else _changes(about, everything=everything)
        await self._asking.tell(caller, identity, replies)

    def _about(self, name: str, identity: Identity) -> Ask:
        return partial(self._asking.ask, selection=Selection(names=(name,)), identity=identity)


async def _for_ever() -> AsyncGenerator[bytes]:
    """Say that somebody answers here, until that is over."""
    yield _said(Standing.SERVING)
    await asyncio.Event().wait()


async def _changes(ask: Ask, *, everything: Ask) -> AsyncGenerator[bytes]:
    """Say how a service is, and again when that has changed; an unknown one may yet come.

    After https://github.com/grpc/grpc/blob/master/doc/health-checking.md: the call goes on.
    """
    last = None
    while True:
        try:
            async with aclosing(watch_status(ask)) as found:
                async for status in found:
                    if (standing := _standing(status)) is not last:
                        last = standing
                        yield _said(standing)
        except UnknownService:
            last = Standing.SERVICE_UNKNOWN
            yield _said(last)
        await _until_known(ask, everything)


async def _until_known(ask: Ask, everything: Ask) -> None:
    """Wait until what is asked for is known: only events of other things tell of it."""

    async def look(name: str, *, args: Mapping[str, object], emit: Emit) -> object:
        try:
            return await ask(name, args=args, emit=emit)
        except UnknownService:
            return None

    async with aclosing(watch_status(look, hear=everything)) as found:
        async for status in found:
            if status is not None:
                return


def _standing(status: object) -> Standing:
    rows = status if isinstance(status, list) else []
    return Standing.SERVING if rows and all(map(_is_ready, rows)) else Standing.NOT_SERVING


def _is_ready(row: object) -> bool:
    return isinstance(row, Mapping) and row.get("ready") is True


def _parsed(raw: bytes) -> str:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - an extra

    try:
        return health_pb2.HealthCheckRequest.FromString(raw).service
    except DecodeError as error:
        raise UsageError("this is no HealthCheckRequest") from error


def _said(standing: Standing) -> bytes:
    return health_pb2.HealthCheckResponse(status=standing.value).SerializeToString()
