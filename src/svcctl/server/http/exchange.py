"""One request: who asks, for which verb, and in which of the manners it is answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from starlette.responses import JSONResponse, Response, StreamingResponse

from svcctl.app.waiting import Emit, Nobody
from svcctl.auth.identity import Identity
from svcctl.errors import UsageError
from svcctl.ports import Cancel
from svcctl.server.answers import Answers
from svcctl.server.holding import while_it_holds
from svcctl.server.http import live_config
from svcctl.server.http.arguments import from_body, from_query
from svcctl.server.http.body import body_of
from svcctl.server.http.negotiation import (
    EVENTS,
    JSON,
    chosen,
    insist_on_json,
    preference_applied,
    wait_of,
)
from svcctl.server.http.operations import Operation, Operations
from svcctl.server.http.paging import Page, link_to, page_of
from svcctl.server.http.routes import Route
from svcctl.server.http.streams import begun
from svcctl.server.http.written import Written
from svcctl.server.outlet import resumed
from svcctl.wire import Selection

if TYPE_CHECKING:
    from starlette.requests import Request

REQUEST_ID = "x-request-id"
_LONGEST_ID = 128
_BEGUN = 202
_NONE: Mapping[str, str] = MappingProxyType({})


class Gate(Protocol):
    """Says who asks; see :class:`svcctl.server.http.gate.Gate`."""

    async def identify(self, request: Request) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries."""

    async def suspect(self, request: Request) -> Identity:
        """Give who seems to have asked, where that was refused; for the audit log alone."""

    def watch(
        self, identity: Identity, call: Callable[[], None], *, lasting: bool = False
    ) -> Cancel:
        """Have *call* made once what *identity* showed holds no more.

        What is *lasting* is not ended by nobody knowing for a while who holds what.
        """


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
class Wanted:
    """What a request asks for, understood: of which services, how, and for how long it waits."""

    selection: Selection
    args: dict[str, object] = field(repr=False)  # a configuration may have secrets
    wait: float | None = None
    page: Page | None = None
    as_events: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request for the verb of *route* by *identity*."""

    request: Request
    route: Route
    identity: Identity
    answers: Answers
    gate: Gate
    operations: Operations
    written: Written
    request_id: str

    async def understand(self) -> Wanted:
        """Give what is asked for; raises UsageError, HttpError.  Nothing is done yet."""
        streams = self.route.verb.streams
        offered = (JSON, EVENTS) if streams else (JSON,)
        kind = chosen(self.request.headers.get("accept", ""), offered)
        name = self.request.path_params.get("name", "")
        if self.route.method == "GET":
            query = self.request.query_params.multi_items()
            page, query = page_of(self.route.verb.name, query)
            selection, args = from_query(self.route, name, query)
            wanted = Wanted(selection=selection, args=args, page=page, as_events=kind == EVENTS)
            return self._checked(wanted)
        wait = wait_of(self.request)
        if self.route.method == "PUT":
            return await self._put(name, wait)
        if self.request.query_params.keys() - {"wait"}:
            raise UsageError("a request that changes something has its arguments in the body")
        insist_on_json(self.request)
        selection, args = from_body(self.route, name, await body_of(self.request))
        return Wanted(selection=selection, args=args, wait=wait)

    async def answer(self, wanted: Wanted) -> Response:
        """Carry it out; give the response.  Raises what the verb does, and HttpError."""
        verb = self.route.verb
        if verb.streams:
            return await self._items(wanted)
        if self.route.method == "PUT":
            return await self._replaced(wanted)
        if wanted.wait is not None and verb.waits:
            return await self._operation(wanted, wanted.wait)
        result = await self._carry_out(wanted)
        if verb.name == "config":
            return live_config.shown(self.request, result)
        if verb.shared and wanted.page is None:
            return self.written.answer(result)
        return self._listed(wanted, result)

    def _checked(self, wanted: Wanted) -> Wanted:
        """Give *wanted* with where its page, or its stream, begins."""
        if wanted.page is not None and wanted.as_events:
            raise UsageError("a stream has no pages", hint="leave out 'limit'")
        if wanted.args.get("follow") and not wanted.as_events:
            raise UsageError("'follow' has no end", hint=f"ask with the header Accept: {EVENTS}")
        if wanted.page is not None:
            return replace(wanted, args={**wanted.args, **wanted.page.args})
        if wanted.as_events:
            last_id = self.request.headers.get("last-event-id", "")
            places = {"places": True} if self.route.verb.name == "logs" else {}
            more = resumed(self.route.verb.name, last_id)
            return replace(wanted, args={**places, **wanted.args, **more})
        return wanted

    async def _put(self, name: str, wait: float | None) -> Wanted:
        """Understand that a configuration is to be another one."""
        query = [each for each in self.request.query_params.multi_items() if each[0] != "wait"]
        selection, args = from_query(self.route, name, query)
        live_config.insist_on_condition(self.request)
        values = await live_config.values_of(self.request)
        args |= {"config": values, "replace": True}
        return Wanted(selection=selection, args=args, wait=wait)

    async def _replaced(self, wanted: Wanted) -> Response:
        """Replace a configuration that is still what was seen."""
        if not live_config.is_any(self.request):
            looked = replace(wanted, args={})
            seen = await self._carry_out(looked, verb="config")
            versions = live_config.versions_seen(self.request, seen)
            wanted = replace(wanted, args={**wanted.args, "if_version": versions})
        result = await self._carry_out(wanted)
        live_config.insist_on_success(result)
        return JSONResponse({"result": result})

    async def _carry_out(
        self, wanted: Wanted, emit: Emit | None = None, *, verb: str = ""
    ) -> object:
        """Have the verb carried out, for as long as what shows who asks holds."""
        work = self.answers.carry_out(
            verb or self.route.verb.name,
            selection=wanted.selection,
            args=wanted.args,
            identity=self.identity,
            emit=emit or Nobody(),
        )
        return await while_it_holds(self.gate, self.identity, work)

    async def _items(self, wanted: Wanted) -> Response:
        """Give items as they come to who takes an event stream, else all there are, as one list."""
        if not wanted.as_events:
            collected = Collected()
            result = await self._carry_out(wanted, collected)
            return self._listed(wanted, collected.items, result=result)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = await begun(partial(self._carry_out, wanted), request_id=self.request_id)
        if self.request.method == "HEAD":  # it would have no end
            async with aclosing(stream):
                await anext(stream)
            return Response(media_type=EVENTS, headers=headers)
        return StreamingResponse(stream, media_type=EVENTS, headers=headers)

    def _listed(self, wanted: Wanted, found: object, **more: object) -> Response:
        """Give what was found, or a page of it with where to go on."""
        headers: dict[str, str] = {}
        if wanted.page is not None:
            found, cursor = wanted.page.of(found)
            if cursor:
                query = self.request.query_params.multi_items()
                headers["link"] = link_to(self.request.url.path, query, cursor)
        name = "items" if self.route.verb.streams else "result"
        return JSONResponse({name: found, **more}, headers=headers)

    async def _operation(self, wanted: Wanted, wait: float) -> Response:
        """Begin it, wait *wait* seconds; give its outcome, or where to ask for that."""
        work = self._carry_out(wanted)
        operation = self.operations.begin(self.route.verb.name, self.identity.actor, work)
        await asyncio.wait({operation.work}, timeout=wait)
        if operation.work.done():
            return JSONResponse({"result": operation.work.result()})
        headers = {"location": f"/v1/operations/{operation.id}", **preference_applied(self.request)}
        return shown(operation, status=_BEGUN, headers=headers)


def shown(operation: Operation, *, status: int, headers: Mapping[str, str] = _NONE) -> Response:
    """Give how *operation* stands; while it is under way, with when to look again."""
    again = {} if operation.work.done() else {"retry-after": "1"}
    return JSONResponse(operation.document(), status_code=status, headers={**again, **headers})


def id_of(request: Request) -> str:
    """Give the id that the request came with, or a new one where it has none that can be told."""
    given = request.headers.get(REQUEST_ID, "")
    if 0 < len(given) <= _LONGEST_ID and given.isascii() and given.isprintable():
        return given
    return secrets.token_hex(8)
