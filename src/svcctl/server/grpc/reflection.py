"""Says which services there are and what they take, to those who show who they are.

The messages of ``grpc.reflection.v1`` are those of ``v1alpha``, so both are answered alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest as Request

from svcctl.errors import UsageError
from svcctl.server.grpc.asking import Asking
from svcctl.server.grpc.caller import Caller
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.health import NAME as HEALTH
from svcctl.server.grpc.shapes import PACKAGE, SERVICE

if TYPE_CHECKING:
    from svcctl.server.grpc.caller import Context

NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
"""What it is called by clients of today, and of before."""

_SERVICES = (f"{PACKAGE}.{SERVICE}", HEALTH)


class Reflection:
    """Describes what is served."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: Any = reflection.aio.ReflectionServicer(_SERVICES, pool=classes().pool)

    def services(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """Give it as a server takes it, once under each name."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "ServerReflectionInfo": grpc.stream_stream_rpc_method_handler(self._describe)
        }
        return tuple(grpc.method_handlers_generic_handler(name, handlers) for name in NAMES)

    async def _describe(self, requests: object, context: Context) -> None:
        del requests  # read from the context
        await self._asking.answer(context, self._described)

    async def _described(self, caller: Caller) -> None:
        identity = await self._asking.identify(caller)
        await self._asking.tell(caller, identity, self._answers(caller))

    async def _answers(self, caller: Caller) -> AsyncGenerator[bytes]:
        async for request in _requests(caller):
            answers: AsyncGenerator[Any] = self._known.ServerReflectionInfo(_sought(request), None)
            async for each in answers:
                each.original_request.CopyFrom(request)
                yield each.SerializeToString()


async def _sought(request: Request) -> AsyncGenerator[Request]:
    """Give what to look for: grpcio finds services, but none of their methods."""
    service, _, _ = request.file_containing_symbol.rpartition(".")
    yield Request(file_containing_symbol=service) if service in _SERVICES else request


async def _requests(caller: Caller) -> AsyncGenerator[Request]:
    """Give each request until the caller has no more."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - an extra

    while isinstance(raw := await caller.context.read(), bytes):
        try:
            yield Request.FromString(raw)
        except DecodeError as error:
            raise UsageError("this is no ServerReflectionRequest") from error
