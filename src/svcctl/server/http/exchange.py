"""One request: who asks, for which verb, and in which of the three manners it is answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from starlette.responses import JSONResponse, Response, StreamingResponse

from svcctl.app.waiting import Emit, Nobody
from svcctl.auth.identity import Identity
from svcctl.errors import SvcctlError, Unauthenticated, UsageError
from svcctl.ports import Cancel
from svcctl.server.http.asked import from_body, from_query
from svcctl.server.http.operations import Operations
from svcctl.server.http.routes import Route
from svcctl.server.http.streams import as_events, resumed
from svcctl.spec.notation import parse_duration
from svcctl.wire import Selection

if TYPE_CHECKING:
    from starlette.requests import Request

REQUEST_ID = "x-request-id"
_LONGEST_BODY = 1024 * 1024
_LONGEST_ID = 128


class Answers(Protocol):
    """Carries out verbs for those who may: a dispatch, or the way to one."""

    def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> Awaitable[object]:
        """Give the verb's result; raises Denied, UsageError and whatever the verb does."""


class Gate(Protocol):
    """Says who asks; see :class:`svcctl.server.http.gate.Gate`."""

    async def identify(self, request: Request) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries."""

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        """Have *call* made once what *identity* showed holds no more."""


class Collected:
    """Keeps the items of a verb, for who wants them in one answer."""

    def __init__(self) -> None:
        self.items: list[object] = []

    def __call__(self, item: object) -> None:
        """Keep *item*."""
        self.items.append(item)

    async def room(self) -> None:
        """Always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request for the verb of *route* by *identity*."""

    request: Request
    route: Route
    identity: Identity
    answers: Answers
    gate: Gate
    operations: Operations
    request_id: str

    async def answer(self) -> Response:
        """Carry it out; give the response.  Raises what the verb does, and UsageError."""
        selection, args = await self._asked()
        if self.route.verb.streams:
            return await self._items(selection, args)
        wait = _wait(args.pop("wait", None), self.request.headers.get("prefer", ""))
        if wait is None or not self.route.verb.waits:
            result = await self._carry_out(selection, args, Nobody())
            return JSONResponse({"result": result})
        return await self._operation(selection, args, wait)

    async def _asked(self) -> tuple[Selection, dict[str, object]]:
        name = self.request.path_params.get("name", "")
        if self.route.method == "GET":
            return from_query(self.route, name, self.request.query_params.multi_items())
        if self.request.query_params.keys() - {"wait"}:
            raise UsageError("a request that changes something has its arguments in the body")
        selection, args = from_body(self.route, name, await body_of(self.request))
        if "wait" in self.request.query_params:
            args["wait"] = self.request.query_params["wait"]
        return selection, args

    async def _carry_out(
        self, selection: Selection, args: Mapping[str, object], emit: Emit
    ) -> object:
        """Have the verb carried out, for as long as what shows who asks holds."""
        work = asyncio.ensure_future(
            self.answers.carry_out(
                self.route.verb.name,
                selection=selection,
                args=args,
                identity=self.identity,
                emit=emit,
            )
        )
        over = asyncio.Event()

        def put_out() -> None:
            over.set()
            work.cancel()

        cancel = self.gate.watch(self.identity, put_out)
        try:
            return await work
        except asyncio.CancelledError:
            if over.is_set():
                problem = "what showed who asks was revoked meanwhile, or has expired"
                raise Unauthenticated(problem, hint="log in again") from None
            raise
        finally:
            cancel()
            work.cancel()

    async def _items(self, selection: Selection, args: dict[str, object]) -> Response:
        """Give items as they come to who takes an event stream, else all there are, as one list."""
        if "text/event-stream" not in self.request.headers.get("accept", ""):
            if args.get("follow"):
                raise UsageError(
                    "'follow' has no end", hint="ask with the header Accept: text/event-stream"
                )
            collected = Collected()
            result = await self._carry_out(selection, args, collected)
            return JSONResponse({"items": collected.items, "result": result})
        args |= resumed(self.route.verb.name, self.request.headers.get("last-event-id", ""))
        produce = partial(self._carry_out, selection, args)
        return StreamingResponse(
            as_events(produce, request_id=self.request_id),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _operation(
        self, selection: Selection, args: dict[str, object], wait: float
    ) -> Response:
        """Begin it, wait *wait* seconds; give its outcome, or where to ask for that."""

        async def work() -> object:
            return await self._carry_out(selection, args, Nobody())

        operation = self.operations.begin(self.route.verb.name, self.identity.actor, work())
        await asyncio.wait({operation.work}, timeout=wait)
        if operation.work.done():
            return JSONResponse({"result": operation.work.result()})
        where = {"location": f"/v1/operations/{operation.id}", "retry-after": "1"}
        return JSONResponse(operation.document(), status_code=202, headers=where)


async def body_of(request: Request) -> bytes:
    """Give the body; raises UsageError for one that is too long, without reading all of it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise UsageError(f"the body is longer than {_LONGEST_BODY} bytes")
    return bytes(body)


def id_of(request: Request) -> str:
    """Give the id that the request came with, or a new one where it has none that can be told."""
    given = request.headers.get(REQUEST_ID, "")
    if 0 < len(given) <= _LONGEST_ID and given.isascii() and given.isprintable():
        return given
    return secrets.token_urlsafe(12)


def _wait(asked: object, prefer: str) -> float | None:
    """Give for how many seconds the outcome is waited for; None: as long as it takes.

    RFC 7240's ``Prefer: respond-async`` is not to wait at all.
    """
    if asked is None:
        return 0.0 if "respond-async" in prefer else None
    if asked in ("true", True):
        return None
    if asked in ("false", False):
        return 0.0
    try:
        return parse_duration(asked)
    except SvcctlError as error:
        raise UsageError(f"'wait': {error.problem}", hint=error.hint) from error
