"""Whether an HTTP server answers as it should; and the POST that asks a program to stop."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from svcctl.engine.judge import status_expected
from svcctl.engine.probes.tcp import explain

if TYPE_CHECKING:
    from http.client import HTTPResponse

_LONGEST = 64 * 1024  # bytes of an answer that are looked at
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and the beginning of a body."""

    status: int
    body: str


async def check_http(url: str, *, expect: str) -> str:
    """GET *url*, without following redirects; give what is wrong, or an empty text."""
    try:
        answer = await _ask("GET", url)
    except OSError as error:
        return explain(error)
    except ValueError as error:
        return f"not an HTTP answer: {error}"
    return status_expected(expect, answer.status, answer.body)


async def post(url: str) -> str:
    """POST nothing to *url*; give what went wrong, or an empty text."""
    try:
        answer = await _ask("POST", url)
    except OSError as error:
        return f"{url}: {explain(error)}"
    except ValueError as error:
        return f"{url}: not an HTTP answer: {error}"
    return "" if answer.status < 400 else f"{url}: status {answer.status}"


async def _ask(method: str, url: str) -> Answer:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return await asyncio.to_thread(_ask_securely, method, parts)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_request(method, parts))
        await writer.drain()
        received = bytearray()
        while len(received) < _LONGEST and (more := await reader.read(_LONGEST)):
            received += more
    finally:
        writer.close()
    return _read_answer(bytes(received), method)


def _request(method: str, parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
        "User-Agent: svcctl\r\nAccept: */*\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    return head.encode()


class _Received:
    """Bytes in the place of a socket, for http.client to parse."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def _read_answer(received: bytes, method: str) -> Answer:
    from http.client import HTTPException, HTTPResponse  # noqa: PLC0415 - 2 MB, rarely needed

    response = HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        return Answer(status=response.status, body=_body(response))
    except HTTPException as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _body(response: HTTPResponse) -> str:
    from http.client import IncompleteRead  # noqa: PLC0415

    try:
        return response.read(_LONGEST).decode(errors="replace")
    except IncompleteRead as error:
        return error.partial.decode(errors="replace")


def _ask_securely(method: str, parts: SplitResult) -> Answer:
    """As :func:`_ask` over TLS; certificates are checked, except those of this very machine."""
    import ssl  # noqa: PLC0415 - 4 MB, rarely needed
    from http.client import HTTPException, HTTPSConnection  # noqa: PLC0415

    host = parts.hostname or "127.0.0.1"
    context = ssl.create_default_context()
    if host in _LOOPBACK:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection(host, parts.port or 443, timeout=30, context=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers={"Connection": "close"})
        response = connection.getresponse()
        return Answer(status=response.status, body=_body(response))
    except HTTPException as error:
        raise ValueError(str(error) or type(error).__name__) from error
    finally:
        connection.close()
