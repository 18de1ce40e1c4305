"""The service ``svcctl.v1.Control``: each RPC asks the agent for its verb, for whoever calls it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, nullcontext
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import grpc

from svcctl.app.verb import TIMEOUT, Effect, Verb
from svcctl.app.verbs import find
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import Identity
from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.server.grpc.asking import Asking
from svcctl.server.grpc.caller import Caller
from svcctl.server.grpc.company import Company
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.interface import WATCH_STATUS, calls
from svcctl.server.grpc.once import Once
from svcctl.server.grpc.replies import RESULT
from svcctl.server.grpc.shapes import FILE, PACKAGE, SERVICE, Call
from svcctl.server.grpc.values import asked, fill
from svcctl.server.grpc.watching import watch_status
from svcctl.server.idempotency import KEY, REPLAYED, Wish, digest_of, key_of
from svcctl.server.outlet import Outlet, place_of, portions, resumed
from svcctl.wire import Selection

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from svcctl.server.grpc.caller import Context

_PLACES = "places"
_SHORT = 512  # bytes of a request that is remembered
_REMEMBERED = 256
_MARGIN = 0.1  # share of a deadline that is left to tell why it is missed


class Control:
    """Answers every RPC of the interface.

    To a server all of them take a stream of requests: so nothing is read, nor waited for, before
    it is known who asks.
    """

    def __init__(self, asking: Asking, *, once: Once, clock: Clock) -> None:
        self._asking, self._once = asking, once
        self._company = Company(clock)
        self._told: dict[str, tuple[object, bytes]] = {}

    def service(self) -> grpc.GenericRpcHandler:
        """Give it as a server takes it."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            call.name: grpc.stream_stream_rpc_method_handler(partial(self._stream, call))
            if call.streams
            else grpc.stream_unary_rpc_method_handler(partial(self._single, call))
            for call in calls()
        }
        return grpc.method_handlers_generic_handler(f"{PACKAGE}.{SERVICE}", handlers)

    async def _single(self, call: Call, requests: object, context: Context) -> bytes:
        del requests  # read from the context
        return await self._asking.answer(context, partial(self._answer, call))

    async def _answer(self, call: Call, caller: Caller) -> bytes:
        verb = _verb(call)
        identity = await self._asking.identify_for(caller, verb)
        raw = await self._asking.read(caller)
        selection, args = _understood(call, verb, raw)
        _wait_at_most(caller.context.time_remaining(), args, verb)

        async def work() -> bytes:
            async with self._company if verb.shared else nullcontext():
                result = await self._asking.ask(
                    call.verb, selection=selection, args=args, identity=identity, emit=Nobody()
                )
            return self._reply(call, verb, result)

        key = key_of(caller.said(KEY))
        if not key or verb.effect is Effect.READ:
            return await work()
        digest = digest_of(call.path.encode(), raw)
        wish = Wish(actor=identity.actor, key=key, digest=digest)
        reply, was_known = await self._once.reply(wish, work)
        if was_known:
            caller.tell(REPLAYED, "true")
        return reply

    def _reply(self, call: Call, verb: Verb, result: object) -> bytes:
        """Give the reply; what is the same as before, or for several at once, is put so once."""
        if not verb.shared:
            return reply_of(call, result)
        known, reply = self._told.get(call.name, (None, b""))
        if known is not result and known != result:
            reply = reply_of(call, result)
            self._told[call.name] = result, reply
        return reply

    async def _stream(self, call: Call, requests: object, context: Context) -> None:
        del requests  # as above
        await self._asking.answer(context, partial(self._tell, call))

    async def _tell(self, call: Call, caller: Caller) -> None:
        identity = await self._asking.identify(caller)
        request: Any = parsed(call, await self._asking.read(caller))
        selection, args = asked(_verb(call), request)
        if call.name == WATCH_STATUS:
            replies = self._status_again(call, selection, identity)
        else:
            args |= _placed(_verb(call)) | resumed(call.verb, request.cursor)
            replies = self._items(call, selection, args, identity)
        await self._asking.tell(caller, identity, replies)

    async def _items(
        self, call: Call, selection: Selection, args: Mapping[str, object], identity: Identity
    ) -> AsyncGenerator[bytes]:
        """Give the items of a verb as replies, as they come."""
        within = "statistics" if args.get("stats") else call.within

        async def produce(outlet: Outlet) -> object:
            return await self._asking.ask(
                call.verb, selection=selection, args=args, identity=identity, emit=outlet
            )

        cursor = ""
        async with aclosing(portions(produce)) as found:
            async for items, missed in found:
                if not (items or missed):  # it has begun
                    continue
                cursor = _cursor(items) or cursor
                yield encoded(call, {within: items, "cursor": cursor, "missed": missed})

    async def _status_again(
        self, call: Call, selection: Selection, identity: Identity
    ) -> AsyncGenerator[bytes]:
        ask = partial(self._asking.ask, selection=selection, identity=identity)
        async with aclosing(watch_status(ask)) as found:
            async for status in found:
                yield reply_of(call, status)


def _placed(verb: Verb) -> dict[str, object]:
    """Have every line say where it stands, where lines can."""
    return {_PLACES: True} if any(arg.name == _PLACES for arg in verb.args) else {}


def _cursor(items: Sequence[object]) -> str:
    """Give what to go on after *items* with: the place of the last that has one, else its time."""
    places = (
        each["place"] for each in reversed(items) if isinstance(each, Mapping) and "place" in each
    )
    return str(next(places, "")) or (place_of(items[-1]) if items else "")


def reply_of(call: Call, result: object) -> bytes:
    """Give the reply that a verb's result is."""
    if call.within and not isinstance(result, Mapping):
        return encoded(call, {call.within: result})
    if call.reply.fields == (RESULT,):
        return encoded(call, {RESULT.name: result})
    return encoded(call, result if isinstance(result, Mapping) else {})


def encoded(call: Call, document: Mapping[str, object]) -> bytes:
    """Give the reply that holds *document*."""
    reply = classes().of[call.reply.name]()
    fill(reply, document)
    return reply.SerializeToString()


def parsed(call: Call, raw: bytes) -> Message:
    """Read a request; raises UsageError.

    A field that nobody here knows may matter, such as one that only asks what would be done.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - an extra
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415

    request = classes().of[call.request.name]()
    try:
        request.ParseFromString(raw)
    except DecodeError as error:
        raise UsageError(f"this is no {call.request.name}", hint=f"see {FILE}") from error
    for each in (request, *_parts(request)):
        unknown = UnknownFieldSet(each)
        if len(unknown):
            raise UsageError(
                f"{each.DESCRIPTOR.name} has no field {unknown[0].field_number}",
                hint="the client is of a later version than svcctl here",
            )
    return request


def _parts(request: Any) -> Iterator[Message]:  # noqa: ANN401 - of any type
    if "selection" in request.DESCRIPTOR.fields_by_name:
        yield request.selection


def _understood(call: Call, verb: Verb, raw: bytes) -> tuple[Selection, dict[str, object]]:
    """Give which services, and with which arguments; raises UsageError."""
    if not verb.shared or len(raw) > _SHORT:
        return asked(verb, parsed(call, raw))
    selection, args = _looked_for(call.name, raw)
    return selection, dict(args)


@lru_cache(maxsize=_REMEMBERED)
def _looked_for(name: str, raw: bytes) -> tuple[Selection, dict[str, object]]:
    """Read what many ask for, again and again, in the same words."""
    call = next(each for each in calls() if each.name == name)
    return asked(_verb(call), parsed(call, raw))


def _verb(call: Call) -> Verb:
    verb = find(call.verb)
    assert verb is not None, call.verb
    return verb


def _wait_at_most(remaining: float | None, args: dict[str, object], verb: Verb) -> None:
    """Have the agent say in time what is missing, where the caller has set a deadline."""
    may = any(arg.name == TIMEOUT.name for arg in verb.args)
    if remaining is not None and may and TIMEOUT.name not in args:
        args[TIMEOUT.name] = remaining * (1 - _MARGIN)
