"""Plays the server that a program depends on, over real HTTP: faults included.

It is the server of the standard library, with a thread for each connection: a tool for tests and
laptops, where being there at once counts for more than many connections.
"""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from typing import Any

from svcctl.errors import SystemFault
from svcctl.sdk.mock.play import NoRoute, Play, Reply
from svcctl.sdk.mock.reading import Script
from svcctl.sdk.mock.recording import LARGEST, Recorder
from svcctl.sdk.mock.routes import Answer, Asked, asked
from svcctl.spec.secrecy import scrubbed
from svcctl.system.detect import Platform, platform

_JSON = {"Content-Type": "application/json"}
_WAITING = 128  # connections nobody has accepted yet
_STOP_WITHIN = 0.05  # seconds; socketserver looks that often whether it was told to stop
_LONGEST_LINE = 1024  # of a chunk's size


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request and what becomes of it; *status* is 0 where there will be no answer.

    *how* tells which route answers, or why none does; *seconds* is how long it took until then.
    """

    at: float
    method: str
    target: str
    status: int
    how: str
    seconds: float


class MockServer:
    """Answers on *host* and *port* (0: one that is free) as *script* says.

    *tell* is called with every request, from the thread that answers it, right before it does.
    With *recorder*, what no route answers is asked of the real server.  Raises SystemFault where
    the port cannot be had.
    """

    def __init__(
        self,
        script: Script,
        *,
        port: int,
        tell: Callable[[Seen], None],
        host: str = "127.0.0.1",
        recorder: Recorder | None = None,
    ) -> None:
        self._play, self._recorder, self._tell = Play(script), recorder, tell
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = socketserver.ThreadingTCPServer(
            (host, port),
            lambda *args: _Exchange(*args, answer=self._answer),
            bind_and_activate=False,
        )
        self._server.daemon_threads, self._server.block_on_close = True, False
        # On Windows it would let two programs have the same port.
        self._server.allow_reuse_address = platform() is not Platform.WINDOWS
        self._server.request_queue_size = _WAITING
        self._listen(host, port)

    @property
    def url(self) -> str:
        """Where it answers, such as ``http://127.0.0.1:8080``."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def serve(self) -> None:
        """Answer until :meth:`stop` is called from another thread, or an exception comes by."""
        try:
            self._server.serve_forever(_STOP_WITHIN)
        finally:
            self._stopping.set()
            self._server.server_close()

    def stop(self) -> None:
        """Have :meth:`serve` come back; delays end early, held connections are left behind."""
        self._stopping.set()
        self._server.shutdown()

    def _listen(self, host: str, port: int) -> None:
        try:
            self._server.server_bind()
            self._server.server_activate()
        except (OSError, OverflowError) as error:
            self._server.server_close()
            said = getattr(error, "strerror", None) or error
            raise SystemFault(
                f"nobody can answer on {host}:{port}: {said}",
                hint="--port 0 takes one that is free",
            ) from error

    def _answer(self, exchange: _Exchange) -> None:
        """Tell of a request once it is clear what becomes of it, and only then do that.

        So whoever has an answer finds it in the log.
        """
        began = time.monotonic()
        outcome = self._outcome(exchange, asked(exchange.command, exchange.path))
        self._tell(
            Seen(
                at=time.time(),
                method=exchange.command,
                target=scrubbed(exchange.path),
                status=outcome.status,
                how=outcome.how,
                seconds=time.monotonic() - began,
            )
        )
        outcome.act()

    def _outcome(self, exchange: _Exchange, request: Asked) -> _Outcome:
        body = exchange.read_body()
        if body is None:
            return _sending(
                exchange, Answer(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE), "too large"
            )
        with self._lock:
            reply = self._play.reply(request)
        match reply:
            case Reply():
                return self._given(exchange, reply)
            case NoRoute() if self._recorder is not None:
                return self._recorded(exchange, request, body, self._recorder)
            case NoRoute():
                return _sending(exchange, _missing(request, reply), "no route")

    def _given(self, exchange: _Exchange, reply: Reply) -> _Outcome:
        self._stopping.wait(reply.delay)
        match reply.fault.kind if reply.fault else "":
            case "reset":
                return _Outcome(status=0, how=f"reset, {reply.route}", act=exchange.reset)
            case "timeout":
                return _Outcome(status=0, how=f"never answered, {reply.route}", act=exchange.hold)
            case _:
                return _sending(exchange, replace(reply.answer, body=reply.body), reply.route)

    def _recorded(
        self, exchange: _Exchange, request: Asked, body: bytes, recorder: Recorder
    ) -> _Outcome:
        try:
            route, is_new = recorder.ask(request, exchange.path, dict(exchange.headers), body)
        except (OSError, HTTPException) as error:
            said = f"not recorded: {type(error).__name__}: {error}"
            failed = json.dumps({"error": said}).encode()
            answer = Answer(status=HTTPStatus.BAD_GATEWAY, headers=_JSON, body=failed)
            return _sending(exchange, answer, said)
        if is_new:
            with self._lock:
                self._play.learn(route)
        (answer,) = route.answers
        return _sending(exchange, answer, "recorded")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What is about to become of a request, and the act itself."""

    status: int
    how: str
    act: Callable[[], None]


def _sending(exchange: _Exchange, answer: Answer, how: str) -> _Outcome:
    return _Outcome(status=answer.status, how=how, act=partial(exchange.send, answer))


def _missing(request: Asked, found: NoRoute) -> Answer:
    """Give the answer to a request that no route is for: 405 where another method would do."""
    said = {"error": "no route", "method": request.method, "path": request.path}
    status = HTTPStatus.METHOD_NOT_ALLOWED if found.methods else HTTPStatus.NOT_FOUND
    allow = {"Allow": ", ".join(found.methods)} if found.methods else {}
    return Answer(status=status, headers={**_JSON, **allow}, body=json.dumps(said).encode())


class _Exchange(BaseHTTPRequestHandler):
    """One connection, as http.server wants it: *answer* is called for each request."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, answer: Callable[[_Exchange], None]) -> None:  # noqa: ANN401
        self._call = answer
        super().__init__(*args)

    def handle(self) -> None:
        """Answer until the other side has had enough; that it hung up is no error."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        self._call(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def version_string(self) -> str:
        """Give what the Server header says."""
        return "svcctl-mock"

    def log_message(self, *args: object) -> None:
        """Say nothing: whoever serves is told."""

    def read_body(self) -> bytes | None:
        """Give the body of the request, None where it is too large or its length is unreadable."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _read_chunks(self) -> bytes | None:
        """Read a body of which each part says its length: RFC 9112, 7.1."""
        body = b""
        while True:
            size = self.rfile.readline(_LONGEST_LINE).partition(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                length = -1
            if length < 0 or len(body) + length > LARGEST:
                self.close_connection = True
                return None
            if length == 0:
                while self.rfile.readline(_LONGEST_LINE).strip():
                    continue  # trailers
                return body
            body += self.rfile.read(length)
            self.rfile.readline(_LONGEST_LINE)

    def send(self, answer: Answer) -> None:
        """Send *answer*."""
        has_none = answer.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        self.send_response(answer.status)
        self._send_fields(answer.headers)
        if not has_none:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not has_none:
            self.wfile.write(answer.body)

    def _send_fields(self, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            self.send_header(name, value)

    def reset(self) -> None:
        """Break the connection so that the other side meets ECONNRESET, not an ordinary end."""
        self.close_connection = True
        shape = "hh" if platform() is Platform.WINDOWS else "ii"
        at_once = struct.pack(shape, 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        socket.close(self.connection.detach())

    def hold(self) -> None:
        """Say nothing until the other side hangs up."""
        self.close_connection = True
        while self.connection.recv(65536):
            continue
