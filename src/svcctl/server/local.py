"""The agent's door on this machine: JSON lines over a local socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Self, cast

from svcctl.app.dispatch import Dispatch
from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.auth.identity import Identity, local
from svcctl.contact import Door, WhoIs
from svcctl.engine.visits import Visits
from svcctl.errors import Conflict, Denied, SvcctlError, UsageError
from svcctl.server.frames import AT_ONCE, Room, read_line
from svcctl.wire import (
    REFUSED,
    Request,
    decode_request,
    encode,
    error_document,
    for_all,
    to_error,
)

log = logging.getLogger(__name__)

_HERE = "this machine"
MOST_TIMES = 1_000
"""How often one can ask for the same in one request."""

_BEHIND = 1024 * 1024  # bytes a slow reader may be behind before it loses items


class _Outlet:
    """Items for one asker; while it is too far behind they are dropped, and it is told so."""

    def __init__(self, writer: asyncio.StreamWriter, request: Request) -> None:
        self._writer, self._number = writer, request.id
        self._is_to_tell = request.tell_begun
        self.dropped = 0

    def __call__(self, item: object) -> None:
        self._is_to_tell = False
        if self._writer.transport.get_write_buffer_size() > _BEHIND:
            self.dropped += 1
            return
        self._writer.write(encode({"id": self._number, "item": item}))

    async def room(self) -> None:
        if self._is_to_tell:
            self(None)
        await self._writer.drain()


class LocalServer:
    """Serves *dispatch* at *door* for as long as the block lasts."""

    def __init__(self, dispatch: Dispatch, *, door: Door) -> None:
        self._dispatch, self._door = dispatch, door
        self._visits, self._room = Visits(), Room()
        self._changing: set[asyncio.Task[bytes]] = set()

    async def __aenter__(self) -> Self:
        await self._door.open(self._greet, limit=AT_ONCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._door.close()
        await self._visits.end(self._changing)

    async def _greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who_is: WhoIs
    ) -> None:
        try:
            with self._visits.visit(writer) as has_place:
                if not has_place:
                    raise Conflict("too many others are connected", hint="ask again later")
                await self._converse(reader, writer, self._known(who_is))
        except (ConnectionError, asyncio.CancelledError):
            log.debug("local.hung-up")
        except SvcctlError as error:  # nothing can come of this connection
            writer.write(encode({"id": 0, "error": error_document(error)}))
        except Exception:
            log.exception("local.failed")
        finally:
            writer.close()

    def _known(self, who_is: WhoIs) -> Identity:
        try:
            return local(who_is(), source=_HERE)
        except Denied as error:
            self._dispatch.turn_away(local("unknown", source=_HERE), error)
            raise

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, identity: Identity
    ) -> None:
        begun = b""
        while True:
            with self._visits.idle():
                await writer.drain()
                line = await read_line(reader, self._room, begun=begun)
            begun = b""
            if not line:
                return
            try:
                request = decode_request(line)
            except UsageError as error:
                writer.write(encode({"id": 0, "error": error_document(error)}))
                continue
            answer = asyncio.create_task(self._answer(request, identity, reader, writer))
            if changes(request):
                self._changing.add(answer)
                answer.add_done_callback(self._changing.discard)
            begun = await answer

    async def _answer(
        self,
        request: Request,
        identity: Identity,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bytes:
        """Carry out one request; what only reads is given up when the asker hangs up.

        Gives the byte that was read of the next request, if it came before this one was answered.
        """
        outlet = _Outlet(writer, request)
        work = asyncio.create_task(self._work(request, identity, outlet))
        ahead = asyncio.create_task(reader.read(1))  # nothing: the asker hung up
        try:
            await asyncio.wait({work, ahead}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not changes(request) and not ahead.result():
                raise ConnectionResetError
            writer.write(await asyncio.shield(work))
        finally:
            if not changes(request):
                work.cancel()
            ahead.cancel()
            await asyncio.wait({ahead})  # or it would still hold the reader
            if outlet.dropped:
                log.warning("local.dropped", extra={"items": outlet.dropped})
        return b"" if ahead.cancelled() else ahead.result()

    async def _look_for_all(self, request: Request, identity: Identity) -> dict[str, object]:
        """Answer several who ask for the same; what they are given alike is written once."""

        def spoken_for(document: Mapping[str, object]) -> tuple[Identity | SvcctlError, int]:
            times, other = document.get("times"), document.get("identity")
            if not isinstance(times, int) or not 0 < times <= MOST_TIMES or not other:
                raise UsageError("nobody is said to ask, or too often")
            try:
                asked_for = cast("Mapping[str, object]", other)
                return self._dispatch.speaking_for(identity, asked_for), times
            except SvcctlError as error:
                return error, times

        answers = await self._dispatch.carry_out_for_all(
            request.verb,
            selection=request.select,
            args=request.args,
            identities=list(map(spoken_for, request.on_behalf_of_all)),
        )
        return for_all(answers)

    async def _work(self, request: Request, identity: Identity, outlet: _Outlet) -> bytes:
        try:
            if request.on_behalf_of_all:
                found = await self._look_for_all(request, identity)
                return encode({"id": request.id, "result": found})
            if request.verb == REFUSED:
                self._note_refusal(request, identity)
                return encode({"id": request.id, "result": None})
            result = await self._dispatch.carry_out(
                request.verb,
                selection=request.select,
                args=request.args,
                identity=self._dispatch.speaking_for(identity, request.on_behalf),
                emit=outlet,
            )
            return encode({"id": request.id, "result": result})
        except SvcctlError as error:
            return encode({"id": request.id, "error": error_document(error)})
        except ConnectionError:  # it hung up while items were told
            return b""
        except Exception:
            log.exception("verb.failed", extra={"verb": request.verb})
            trouble = SvcctlError(
                f"{request.verb!r} failed inside the agent", hint="see the agent's own log"
            )
            return encode({"id": request.id, "error": error_document(trouble)})

    def _note_refusal(self, request: Request, identity: Identity) -> None:
        """Write down what somebody who speaks for others has refused; raises UsageError."""
        match request.args:
            case {"verb": str(verb), "error": dict(error)}:
                self._dispatch.note_refusal(
                    verb,
                    selection=request.select,
                    identity=self._dispatch.speaking_for(identity, request.on_behalf),
                    error=to_error(error),
                )
            case _:
                raise UsageError("it is not said what was refused, and why")


def changes(request: Request) -> bool:
    """The request is for more than a look: it is carried through though the asker hangs up."""
    verb = find(request.verb)
    return verb is not None and verb.effect is not Effect.READ
