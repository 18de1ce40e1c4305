"""Asks the real server what no route answers yet, and writes the answer down as a route."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Mapping
from http import client
from urllib.parse import SplitResult, urlsplit

from svcctl.errors import UsageError
from svcctl.sdk.mock.routes import Answer, Asked, Route
from svcctl.spec.toml import toml_key, toml_value
from svcctl.system import whole_file

LARGEST = 16 * 1024**2
"""Bytes of a body that are read, of requests and of answers."""

_PATIENCE = 30.0  # seconds for each step
_OWN_CONNECTION = frozenset(  # RFC 9110, 7.6.1: they are about one connection, not the message
    (
        *("connection", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "content-length", "accept-encoding", "expect"),
    )
)
_NOT_KEPT = _OWN_CONNECTION | {"date", "server", "set-cookie", "content-encoding"}


class Recorder:
    """Forwards requests to *url*, and appends what comes back to *file*.

    Cookies that are set, and what is about the connection alone, are left out: they would be
    wrong, or secret, the next time.  Raises UsageError where *url* is none.
    """

    def __init__(self, url: str, file: str) -> None:
        self._parts = _checked(url)
        self._file = file
        self._lock = threading.Lock()
        self._written: set[tuple[str, str, tuple[tuple[str, str], ...]]] = set()

    def ask(
        self, request: Asked, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Route, bool]:
        """Give the real server's answer as a route, and say whether it was written down now.

        Raises OSError or HTTPException where it does not answer, or the file cannot be written.
        """
        answer = self._forward(request.method, target, headers, body)
        route = Route(
            method=request.method, path=request.path, query=request.query, answers=(answer,)
        )
        key = (route.method, route.path, tuple(sorted(route.query.items())))
        with self._lock:
            is_new = key not in self._written
            if is_new:
                self._append(route_toml(route))
                self._written.add(key)
        return route, is_new

    def _forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        connection = _connection(self._parts)
        kept = {
            name: value for name, value in headers.items() if name.lower() not in _OWN_CONNECTION
        }
        try:
            connection.request(
                method,
                f"{self._parts.path.rstrip('/')}{target}",
                body=body or None,
                headers={**kept, "Accept-Encoding": "identity", "Connection": "close"},
            )
            response = connection.getresponse()
            content = response.read(LARGEST + 1)
        finally:
            connection.close()
        if len(content) > LARGEST:
            raise client.HTTPException(f"the answer is larger than {LARGEST // 1024**2} MiB")
        return Answer(
            status=response.status,
            headers={name: value for name, value in response.getheaders() if _is_kept(name)},
            body=content,
        )

    def _append(self, text: str) -> None:
        before = whole_file.read(self._file) or b""
        path = os.path.abspath(self._file)
        whole_file.write(path, before + (b"\n" if before else b"") + text.encode())


def route_toml(route: Route) -> str:
    """Print a route with one answer, as :func:`svcctl.sdk.mock.reading.read_script` reads it."""
    (answer,) = route.answers
    rows: dict[str, object] = {"method": route.method, "path": route.path}
    if route.query:
        rows["query"] = dict(route.query)
    rows["status"] = answer.status
    if answer.headers:
        rows["headers"] = dict(answer.headers)
    if answer.body:
        rows |= _body_row(answer.body)
    lines = [f"{toml_key(name)} = {toml_value(value)}" for name, value in rows.items()]
    return "\n".join(["[[routes]]", *lines]) + "\n"


def _body_row(body: bytes) -> dict[str, object]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _is_kept(name: str) -> bool:
    return name.lower() not in _NOT_KEPT


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise UsageError(f"{url!r} is no server to record", hint="such as https://api.example.com")
    return parts


def _connection(parts: SplitResult) -> client.HTTPConnection:
    assert parts.hostname is not None
    kind = client.HTTPSConnection if parts.scheme == "https" else client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=_PATIENCE)
