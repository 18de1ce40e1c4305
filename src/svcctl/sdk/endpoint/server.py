"""The door of a living service: whoever may comes in, asks one thing, and is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Self

from svcctl.contact import Door, WhoIs
from svcctl.engine.visits import Visits
from svcctl.errors import SvcctlError, UsageError
from svcctl.sdk.endpoint.asked import Answers, Asked
from svcctl.wire import Request, decode_request, encode, error_document

log = logging.getLogger(__name__)

_LONGEST = 64 * 1024  # bytes of a request
_PATIENCE = 10.0  # seconds in which a request must have come


class Endpoint:
    """Answers at *door* for as long as the block lasts: one request a connection.

    *answers* is called once somebody asks: a service that nobody asks pays for the door alone.
    Entering raises what the door does.  What is asked for is done though the asker hangs up.
    """

    def __init__(self, door: Door, answers: Callable[[], Answers]) -> None:
        self._door, self._make = door, answers
        self._answers: Answers | None = None
        self._visits = Visits()
        self._at_work: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        await self._door.open(self._greet, limit=_LONGEST)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._door.close()
        await self._visits.end(self._at_work)
        left = tuple(self._at_work)
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who_is: WhoIs
    ) -> None:
        try:
            with self._visits.visit(writer) as has_place:
                if has_place:
                    writer.write(await self._conversed(reader, who_is))
                    await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            log.debug("endpoint.hung-up")
        finally:
            writer.close()

    async def _conversed(self, reader: asyncio.StreamReader, who_is: WhoIs) -> bytes:
        """Hear a request and give the answer, as one line; nothing where nobody asks."""
        number = 0
        try:
            who = who_is()
            with self._visits.idle():
                line = await _line(reader)
            if not line:
                return b""
            request = decode_request(line)
            number = request.id
            result = await self._result(request, who)
        except SvcctlError as error:
            return encode({"id": number, "error": error_document(error)})
        return encode({"id": number, "result": result})

    async def _result(self, request: Request, who: str) -> object:
        if self._answers is None:
            self._answers = self._make()
        answer = self._answers.get(request.verb)
        if answer is None:
            known = ", ".join(sorted(self._answers))
            raise UsageError(f"the service does not answer {request.verb!r}", hint=f"ask: {known}")
        asked = Asked(args=request.args, who=str(request.args.get("who") or who))
        work: asyncio.Task[object] = asyncio.ensure_future(answer(asked))
        self._at_work.add(work)
        work.add_done_callback(self._done)
        try:
            return await asyncio.shield(work)
        except SvcctlError:
            raise
        except Exception as error:
            log.exception("endpoint.failed", extra={"request": request.verb})
            raise SvcctlError(
                f"{request.verb!r} failed inside the service", hint="see the service's own log"
            ) from error

    def _done(self, work: asyncio.Task[object]) -> None:
        self._at_work.discard(work)
        if not work.cancelled():
            work.exception()  # the asker may have hung up


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await reader.readline()
    except ValueError as error:  # it does not end within the limit of the reader
        raise UsageError(f"a request has more than {_LONGEST // 1024} KiB") from error
