"""Has a request carried out once, whoever sends it again, and the answer given again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from svcctl.errors import SvcctlError
from svcctl.server.http.body import body_of
from svcctl.server.http.operations import Operations
from svcctl.server.http.problem import HttpError, answer_of
from svcctl.server.idempotency import KEY, Given, Wish, digest_of, key_of
from svcctl.server.idempotency_keys import Keys

if TYPE_CHECKING:
    from starlette.requests import Request

Work = Callable[[], Awaitable[Response]]

_BEGUN = 202
_KEPT = ("content-type", "etag", "location", "retry-after")
"""The headers of an answer that are given again; others are of the moment."""


async def wish_of(request: Request, *, actor: str) -> Wish | None:
    """Give what is to be done once, None where nobody says so; raises UsageError.

    What is asked for with other bytes, or of what was seen at another time, is another request.
    """
    key = key_of(request.headers.getlist(KEY))
    if not key:
        return None
    scope = request.scope
    method, seen = request.method.encode(), request.headers.get("if-match", "").encode()
    parts = (method, scope["raw_path"], scope["query_string"], seen, await body_of(request))
    return Wish(actor=actor, key=key, digest=digest_of(*parts))


class Once:
    """Answers wishes: each is carried out by whoever comes first with its key."""

    def __init__(self, keys: Keys, operations: Operations) -> None:
        self._keys, self._operations = keys, operations

    async def answer(self, wish: Wish, work: Work, *, request_id: str) -> Response:
        """Give what *work* gives, or what it gave before.

        Raises what it raises, HttpError where it cannot be told what came of it, and whatever a
        key that cannot be kept does.  What was refused before anything was done may be asked again
        with the same key.
        """
        known = self._keys.begin(wish)
        if known is not None:
            return Response(known.body, known.status, headers=known.headers)
        try:
            response = await work()
        except HttpError:  # it was not what is there: nothing was done
            self._keys.forget(wish)
            raise
        except SvcctlError as error:
            self._ended(wish, error, request_id)
            raise
        except BaseException:
            self._keys.give_up(wish)
            raise
        self._remember(wish, response, request_id)
        return response

    def _ended(self, wish: Wish, error: SvcctlError, request_id: str) -> None:
        self._keys.fail(wish, error, lambda: _given(answer_of(error, request_id=request_id)))

    def _remember(self, wish: Wish, response: Response, request_id: str) -> None:
        begun = ""
        if response.status_code == _BEGUN:
            begun = response.headers.get("location", "").rpartition("/")[2]
        self._keys.finish(wish, _given(response, operation=begun))
        found = self._operations.find(begun, wish.actor)
        if found is None:
            return

        def over(work: asyncio.Task[object]) -> None:
            self._outcome(wish, work, request_id)

        found.work.add_done_callback(over)

    def _outcome(self, wish: Wish, work: asyncio.Task[object], request_id: str) -> None:
        """Remember what became of an operation: who asks again is told that."""
        if work.cancelled():
            return
        error = work.exception()
        if error is None:
            self._keys.finish(wish, _given(JSONResponse({"result": work.result()})))
        elif isinstance(error, SvcctlError):
            self._ended(wish, error, request_id)
        else:
            self._keys.give_up(wish)


def _given(response: Response, *, operation: str = "") -> Given:
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    body = bytes(response.body)
    return Given(status=response.status_code, headers=headers, body=body, operation=operation)
