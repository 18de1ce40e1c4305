"""Has requests that trusted proxies hand on be those of whoever they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from starlette.requests import Request

from svcctl.auth.tries import place_of
from svcctl.errors import LimitReached, SvcctlError
from svcctl.server.http.exchange import id_of
from svcctl.server.http.problem import answer_of
from svcctl.server.http.proxies import Proxies
from svcctl.server.http.signing_off import signed_off

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PROXY = "svcctl.proxy"


class Behind:
    """Hands requests on to *app* with the address of their caller.

    A proxy has one address and few connections for all of them, so it is requests that are counted
    here: *each* of one caller, or one network of IPv6, at once.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies, *, each: int) -> None:
        self._app, self._proxies, self._each = app, proxies, each
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; who is not handed on by a trusted proxy is who they are."""
        peer = (scope.get("client") or ("",))[0]
        if not self._proxies.trusts(peer):
            return await self._app(scope, receive, send)
        with ExitStack() as stack:
            try:
                caller = self._proxies.caller(peer, scope["headers"])
                stack.enter_context(self._place(place_of(caller)))
            except SvcctlError as error:
                request_id = id_of(Request(scope))
                refusal = signed_off(answer_of(error, request_id=request_id), request_id)
                return await refusal(scope, receive, send)
            scope = {**scope, "client": (caller, 0), _PROXY: peer}
            await self._app(scope, receive, send)
        return None

    @contextmanager
    def _place(self, place: str) -> Iterator[None]:
        if self._under_way[place] >= self._each:
            raise LimitReached(
                f"{place} has {self._each} requests under way", hint="end some of them"
            )
        self._under_way[place] += 1
        try:
            yield
        finally:
            self._under_way[place] -= 1
            if not self._under_way[place]:
                del self._under_way[place]


def address_of(request: Request) -> str:
    """Give the address *request* comes from."""
    return request.client.host if request.client else ""


def source_of(request: Request) -> str:
    """Give the same with the proxy that says so, if one does: ``192.0.2.7 by 10.1.0.2``."""
    proxy = request.scope.get(_PROXY)
    return f"{address_of(request)} by {proxy}" if proxy else address_of(request)
