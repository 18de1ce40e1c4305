"""One exchange over HTTP with an agent elsewhere, bounded in bytes and in seconds.

Whoever answers may be nobody we mean: nothing of an answer is believed before it is looked at, no
redirect is followed, and what shows who asks is sent to the address it was given for alone.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
    RemoteDisconnected,
)
from typing import cast
from urllib.parse import urlsplit

from svcctl.client.remote import Remote
from svcctl.client.remote_tls import context_of, distrust
from svcctl.errors import AgentUnreachable, SvcctlError, TimedOut, quoted

LARGEST = 64 * 1024 * 1024
"""Bytes an answer may have, as from the agent of this machine."""
CONNECTING = 10.0
"""Seconds until a connection is there, and until TLS is agreed on."""

_CHUNK = 64 * 1024
_WORDS = {
    BadStatusLine: "what it says is no HTTP",
    IncompleteRead: "it hung up in the middle of an answer",
    RemoteDisconnected: "it hung up without an answer",
}
_ALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class Unanswered(Exception):
    """It was asked and has not answered: it may have been done, and may be asked for again.

    *error* is what to raise after so many *tries*, with *pause* seconds between two of them.
    """

    def __init__(self, error: SvcctlError, *, tries: int = 3, pause: float = 0.0) -> None:
        super().__init__(error.problem)
        self.error, self.tries, self.pause = error, tries, pause


class Answer:
    """What came back: *status*, *headers*, and a body that is read once."""

    def __init__(self, response: HTTPResponse, remote: Remote) -> None:
        self._response, self._remote = response, remote
        self.status = response.status
        self.media_type = response.headers.get_content_type()

    def header(self, name: str) -> str:
        """Give a header, empty where there is none."""
        return self._response.getheader(name) or ""

    def chunks(self) -> Iterator[bytes]:
        """Give the body as it comes."""
        while chunk := self._response.read1(_CHUNK):
            yield chunk

    def body(self) -> bytes:
        """Give the whole body; raises AgentUnreachable for one that is too large."""
        found = bytearray()
        for chunk in self.chunks():
            found += chunk
            if len(found) > LARGEST:
                size = f"{LARGEST // 1024**2} MiB"
                raise AgentUnreachable(f"{self._remote.name!r} answers with more than {size}")
        if self._response.length:  # fewer bytes than it had said
            raise ConnectionResetError("half an answer")
        return bytes(found)


class Wire:
    """Speaks with *remote*, each time over a connection of its own."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._parts = urlsplit(remote.url)
        self._context: ssl.SSLContext | None = None
        self._lines: set[_Line] = set()
        self._is_over = False

    def hang_up(self) -> None:
        """Cut every line, though another thread reads from it, and take no other."""
        self._is_over = True
        for line in list(self._lines):
            line.cut()

    @property
    def machine(self) -> str:
        """The name or address of the machine."""
        return self._parts.hostname or ""

    @contextmanager
    def exchange(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        within: float | None,
        quiet: float | None,
    ) -> Iterator[Answer]:
        """Ask, and give the answer while the block lasts.

        All of it may take *within* seconds, and nothing may come for *quiet* seconds (None: as
        long as it likes).  Raises AgentUnreachable where nobody answers, Unanswered where that is
        so only once it was asked, TimedOut.
        """
        connection = self._connected(within)
        line = _Line(cast("socket.socket", connection.sock), within=within, quiet=quiet)
        connection.sock = line
        self._lines.add(line)
        try:
            self._insist_on_going_on()
            connection.request(
                method, f"{self._parts.path.rstrip('/')}{target}", body or None, dict(headers)
            )
            response = connection.getresponse()
            line.has_head()
            yield Answer(response, self._remote)
        except TimeoutError as error:
            raise self._too_late(line) from error
        except ssl.SSLError as error:
            raise distrust(error, self._remote) from error
        except (OSError, HTTPException, ValueError) as error:
            said = getattr(error, "strerror", None) or _WORDS.get(type(error)) or error
            lost = AgentUnreachable(
                f"{self._remote.name!r} at {quoted(self._remote.url)} went away: {said}",
                hint=_hint(self._remote, error),
            )
            raise Unanswered(lost) from error
        finally:
            self._lines.discard(line)
            connection.close()
            line.hang_up()

    def _insist_on_going_on(self) -> None:
        if self._is_over:  # no error of an agent, which might be asked again
            raise RuntimeError("the client has hung up")

    def _connected(self, within: float | None) -> HTTPConnection:
        self._insist_on_going_on()
        patience = CONNECTING if within is None else min(CONNECTING, within)
        connection = self._connection(patience)
        try:
            connection.connect()
        except ssl.SSLError as error:
            raise distrust(error, self._remote) from error
        except (OSError, ValueError) as error:  # ValueError: a name that none can be
            raise AgentUnreachable(
                f"{self._remote.name!r} does not answer at {quoted(self._remote.url)}: "
                f"{getattr(error, 'strerror', None) or error}",
                hint="see whether it serves: svcctl serve http, on that machine; then the firewall",
            ) from error
        _keep_alive(cast("socket.socket", connection.sock))
        return connection

    def _connection(self, patience: float) -> HTTPConnection:
        host, port = self.machine, self._parts.port
        if self._parts.scheme == "http":
            return HTTPConnection(host, port, timeout=patience)
        self._context = self._context or context_of(self._remote)
        return HTTPSConnection(host, port, timeout=patience, context=self._context)

    def _too_late(self, line: _Line) -> TimedOut:
        return TimedOut(
            f"{self._remote.name!r} did not answer within {line.patience:g}s",
            hint="it may be busy, or cut off: ask again; svcctl ctx show",
        )


class _Line:
    """A connected socket all of whose reading, in small parts too, ends in time.

    It has what :mod:`http.client` uses of a socket.
    """

    def __init__(self, line: socket.socket, *, within: float | None, quiet: float | None) -> None:
        self._socket, self._quiet, self._within = line, quiet, within
        head = quiet if within is None else within
        self._end = None if head is None else time.monotonic() + head

    def has_head(self) -> None:
        """The head of the answer is there: a stream may go on for ever."""
        if self._within is None:
            self._end = None

    @property
    def patience(self) -> float:
        """The seconds that were given."""
        return self._within or self._quiet or 0.0

    def sendall(self, content: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(content)

    def receive(self, buffer: memoryview) -> int:
        self._socket.settimeout(self._left())
        return self._socket.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Reading(self), _CHUNK)

    def close(self) -> None:
        """Do nothing: :mod:`http.client` lets go of a socket before it has read from it."""

    def hang_up(self) -> None:
        self._socket.close()

    def cut(self) -> None:
        with suppress(OSError):  # it is closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    def _left(self) -> float | None:
        if self._end is None:
            return self._quiet
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        return left if self._quiet is None else min(left, self._quiet)


class _Reading(io.RawIOBase):
    """The reading side of a line, as :class:`io.BufferedReader` wants it."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._line.receive(buffer)


def _keep_alive(line: socket.socket) -> None:
    """Have the system notice a machine that is gone while nothing is said."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE:
        if (option := getattr(socket, name, None)) is not None:
            line.setsockopt(socket.IPPROTO_TCP, option, value)


def _hint(remote: Remote, error: Exception) -> str:
    if isinstance(error, HTTPException | ConnectionError):
        if remote.url.startswith("http:"):
            return "what answers there may speak TLS: is it https:// ?"
        if not remote.cert:
            return "ask again; it may want to see a certificate: give --cert and --key"
    return "ask again; svcctl ctx show"
