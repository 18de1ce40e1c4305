"""HTTP connections with limits that hold before anybody has shown who they are."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from svcctl.auth.tries import place_of
from svcctl.errors import UsageError
from svcctl.server.http.exchange import REQUEST_ID
from svcctl.server.http.gathered import Gathered
from svcctl.server.http.problem import HttpError, answer_of
from svcctl.server.http.proxies import Proxies

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What strangers may use up: bytes, seconds and numbers.

    *head*: bytes of a request's first line and headers, *head_time*: seconds until they are there,
    from the connection or the request's first byte on, *body_time*: seconds the body may take,
    *idle*: seconds until a connection over which nothing is asked any more is closed.  *stuck*:
    seconds for which nothing of an answer may be read.  *connections*: at once, *per_address*: of
    them from one address, or one network of IPv6.
    """

    head: int = 32 * 1024
    head_time: float = 10.0
    body_time: float = 30.0
    idle: int = 15
    stuck: float = 60.0
    connections: int = 1_000
    per_address: int = 100


@dataclass(slots=True)
class Places:
    """Who is connected, counted by address, but for *proxies*: their callers are counted later."""

    limits: Limits
    proxies: Proxies = field(default_factory=Proxies)
    _by_address: Counter[str] = field(default_factory=Counter)

    def let_in(self, transport: asyncio.BaseTransport) -> str | None:
        """Count one more; give where from, to be let out again, or None: there is no place."""
        peer = transport.get_extra_info("peername") or ("",)
        place = place_of(str(peer[0]))
        if self._by_address.total() >= self.limits.connections:
            return None
        is_crowded = self._by_address[place] >= self.limits.per_address
        if is_crowded and not self.proxies.trusts(str(peer[0])):
            return None
        self._by_address[place] += 1
        return place

    def let_out(self, place: str) -> None:
        """Count one less."""
        self._by_address[place] -= 1
        if not self._by_address[place]:
            del self._by_address[place]


class GuardedProtocol(HttpToolsProtocol):
    """One connection, which is cut where it takes too much or too long.

    What TLS knows of the other end is in the scope, as the ASGI extension ``tls`` has it.
    """

    def __init__(self, config: Config, server_state: ServerState, places: Places) -> None:
        super().__init__(config, server_state, {})
        self._places = places
        self._place: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._within: float | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._head = 0
        self._reads_head = True
        self._refusal: HttpError | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or cut it where there are too many."""
        found = cast("asyncio.Transport", transport)
        super().connection_made(found)
        stuck = self._places.limits.stuck
        self.transport = cast("asyncio.Transport", Gathered(found, self.loop, stuck=stuck))
        self._place = self._places.let_in(found)
        if self._place is None:
            found.abort()
            return
        self._expect(self._places.limits.head_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place to somebody else."""
        self._expect(None)
        self._wait_for_reader(None)
        if self._place is not None:
            self._places.let_out(self._place)
            self._place = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head of the request gets too long."""
        if self._reads_head:
            self._head += len(data)
        super().data_received(data)
        limits = self._places.limits
        if not self._reads_head:
            self._expect(limits.body_time)
        elif self._head > limits.head:
            self._refuse(_too_long(limits.head))
        else:  # of a request that is whole there is nothing to wait for, nor a timer to set
            self._expect(limits.head_time if self._head else None)

    def on_message_begin(self) -> None:
        """Add what TLS knows to the scope of a request, which may begin behind another."""
        self._head = self._head or 1
        super().on_message_begin()
        if tls := _tls(self.transport):
            scope = cast("dict[str, Any]", self.scope)
            scope.setdefault("extensions", {})["tls"] = tls

    def on_headers_complete(self) -> None:
        """Have the request answered; its body may still come."""
        self._reads_head, self._head = False, 0
        self._expect(None)
        upgrades = self.parser.should_upgrade()
        self._refusal = self._why_not(upgrades=upgrades)
        if self._refusal:
            raise self._refusal  # the parser reads no further, and has it told
        super().on_headers_complete()
        if upgrades:  # nothing of ours; what comes behind it is not read
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Take note that all of the request is there."""
        self._reads_head = True
        self._expect(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with what nobody can answer."""
        del msg
        self._refuse(self._refusal or HttpError(UsageError("this is no HTTP/1.1"), _UNREADABLE))

    def pause_writing(self) -> None:
        """Wait for a reader, and not for ever."""
        super().pause_writing()
        self._wait_for_reader(self._places.limits.stuck)

    def resume_writing(self) -> None:
        """Write on: something was read."""
        self._wait_for_reader(None)
        super().resume_writing()

    def shutdown(self) -> None:
        """Hang up once what is under way is answered; a stream has no end to wait for."""
        last = self._last()
        if last and last.response_started:
            self.transport.close()
        else:
            super().shutdown()

    def _last(self) -> RequestResponseCycle | None:
        """Give the last request and its answer; its type does not say that there may be none."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _why_not(self, *, upgrades: bool) -> HttpError | None:
        """Say what is wrong with the head of a request, None: nothing."""
        size, hosts, has_body = len(self.url), 0, False
        for name, value in self.headers:
            size += len(name) + len(value)
            hosts += name == b"host"
            has_body = has_body or name in _OF_BODIES
        if size > self._places.limits.head:
            return _too_long(self._places.limits.head)
        if hosts > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            error = UsageError(f"there are {hosts} headers 'host'", hint="send one")
            return HttpError(error, _UNREADABLE)
        if upgrades and has_body:  # the parser would take the body for what was upgraded to
            error = UsageError("a request with a body cannot upgrade", hint="leave out 'Upgrade'")
            return HttpError(error, _UNREADABLE)
        return None

    def _refuse(self, found: HttpError) -> None:
        """Hang up, and say why, unless that would stand in the middle of an answer."""
        last = self._last()
        if last is None or last.response_complete:
            request_id = secrets.token_hex(8)
            answer = answer_of(found.error, request_id=request_id, status=found.status)
            answer.headers.update({REQUEST_ID: request_id, "connection": "close"})
            lines = (b"%s: %s\r\n" % each for each in answer.raw_headers)
            head = b"".join((STATUS_LINE[found.status], *lines, b"\r\n"))
            self.transport.write(head + bytes(answer.body))
        self.transport.close()

    def _expect(self, within: float | None) -> None:
        """Cut the connection *within* seconds; None: never.  Said again, it changes nothing."""
        if within == self._within:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._within = within
        if within is not None:
            self._deadline = self.loop.call_later(within, self.transport.abort)

    def _wait_for_reader(self, within: float | None) -> None:
        """Cut the connection *within* seconds; None: who reads has read on."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        if within is not None:
            self._stuck = self.loop.call_later(within, self.transport.abort)


_OF_BODIES = (b"content-length", b"transfer-encoding")
_UNREADABLE, _HEAD_TOO_LONG = 400, 431


def _too_long(most: int) -> HttpError:
    return HttpError(UsageError(f"the headers are longer than {most} bytes"), _HEAD_TOO_LONG)


def _tls(transport: asyncio.BaseTransport) -> dict[str, object]:
    """Give what is known of the other end, after the ASGI TLS extension."""
    connection = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
    if connection is None:
        return {}
    shown = connection.getpeercert(binary_form=True)
    return {
        "tls_version": connection.version(),
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(shown)] if shown else [],
    }
