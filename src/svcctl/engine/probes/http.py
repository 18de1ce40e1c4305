"""Whether an HTTP server answers as it should; and the POST that asks a program to stop."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import SplitResult, quote, urlsplit

from svcctl.engine.judge import status_expected
from svcctl.engine.probes.tcp import connect, explain
from svcctl.spec.secrecy import scrubbed

if TYPE_CHECKING:
    from http.client import HTTPResponse

_LONGEST = 64 * 1024  # bytes of an answer that are looked at
_HEAD_ENDS = (b"\r\n\r\n", b"\n\n")
_MAY_STAND = "/?&=%:@!$'()*+,;~-._#[]"  # in a request as it is; the rest is quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and, where it was asked for, the beginning of a body."""

    status: int
    body: str


class _Connection(Protocol):
    async def send(self, sent: bytes) -> None: ...
    async def receive(self) -> bytes: ...
    def close(self) -> None: ...


async def check_http(url: str, *, expect: str) -> str:
    """GET *url*, without following redirects; give what is wrong, or an empty text.

    An endless body is read only where *expect* is about it.  Certificates are checked, except
    those of this very machine.
    """
    try:
        answer = await _ask("GET", url, wants_body=expect.startswith("body:"))
    except OSError as error:
        return explain(error)
    except ValueError as error:
        return f"not an HTTP answer: {error}"
    return status_expected(expect, answer.status, answer.body)


async def post(url: str) -> str:
    """POST nothing to *url*; give what went wrong, without its secrets, or an empty text."""
    try:
        answer = await _ask("POST", url, wants_body=False)
    except OSError as error:
        return f"{scrubbed(url)}: {explain(error)}"
    except ValueError as error:
        return f"{scrubbed(url)}: not an HTTP answer: {error}"
    return "" if answer.status < 400 else f"{scrubbed(url)}: status {answer.status}"


async def _ask(method: str, url: str, *, wants_body: bool) -> Answer:
    """Raises OSError where nothing answers, ValueError where what answers makes no sense."""
    parts = urlsplit(url)
    connection = await _open(parts)
    try:
        await connection.send(_request(method, parts))
        received = b""
        while len(received) < _LONGEST:
            more = await connection.receive()
            received += more
            answer = _read_answer(received, method, wants_body=wants_body, is_all=not more)
            if answer is not None:
                return answer
    finally:
        connection.close()
    answer = _read_answer(received, method, wants_body=wants_body, is_all=True)
    assert answer is not None
    return answer


async def _open(parts: SplitResult) -> _Connection:
    host = parts.hostname or "127.0.0.1"
    if parts.scheme != "https":
        return await connect(host, parts.port or 80)
    from svcctl.engine.probes.tls import secure  # noqa: PLC0415 - ssl is 5 MB, rarely needed

    return await secure(await connect(host, parts.port or 443), host)


def _request(method: str, parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"{method} {quote(target, safe=_MAY_STAND)} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        "User-Agent: svcctl",
        "Accept: */*",
        "Connection: close",
        *(("Content-Length: 0",) if method == "POST" else ()),
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


class _Received:
    """Bytes in the place of a socket, for http.client to parse."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def _read_answer(received: bytes, method: str, *, wants_body: bool, is_all: bool) -> Answer | None:
    """Give the answer, None as long as more has to come; raises ValueError for what is none.

    A body whose length is known is waited for even where nobody wants it: many servers log an
    error for each client that hangs up on them.
    """
    if not received.startswith(b"HTTP/"[: len(received)]):
        raise ValueError(repr(received[:40].decode(errors="replace")))
    if not any(end in received for end in _HEAD_ENDS):
        if not is_all:
            return None
        if received:
            raise ValueError("its head is cut short or too long")
    from http.client import HTTPException, HTTPResponse, RemoteDisconnected  # noqa: PLC0415 - 2 MB

    response = HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]  # as above
    try:
        response.begin()
    except RemoteDisconnected:  # so far there is nothing, or only a 100 Continue
        if not is_all:
            return None
        raise OSError("it hung up without an answer") from None
    except HTTPException as error:
        raise ValueError(str(error) or type(error).__name__) from error
    if not wants_body and response.length is None:
        return Answer(status=response.status, body="")
    body = _read_body(response, is_all=is_all)
    return None if body is None else Answer(status=response.status, body=body)


def _read_body(response: HTTPResponse, *, is_all: bool) -> str | None:
    from http.client import IncompleteRead  # noqa: PLC0415

    ends_with_connection = response.length is None and not response.chunked
    if ends_with_connection and not is_all:
        return None
    try:
        return response.read().decode(errors="replace")
    except IncompleteRead as error:
        return error.partial.decode(errors="replace") if is_all else None
