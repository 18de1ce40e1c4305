"""Posts to servers over HTTP with the standard library alone, for whoever has something to tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

_PATIENCE = 10.0  # seconds, for each step
_LARGEST_ANSWER = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; the names of *headers* are in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """The request was carried out."""
        return 200 <= self.status < 300

    @property
    def document(self) -> object:
        """The JSON of the body; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def wait(self, *, now: float) -> float:
        """Give the seconds for which the server wants to be left alone (RFC 9110, 10.2.3)."""
        said = self.headers.get("retry-after", "")
        if said.isdecimal():
            return float(said)
        try:
            return max(0.0, parsedate_to_datetime(said).timestamp() - now)
        except (TypeError, ValueError):
            return 0.0


class _NoAnswer(OSError):
    """What came was no answer, or what was to be asked no request; its text is of what kind."""


class Poster:
    """A connection to the server of *url*, made when it is needed and kept while the server likes.

    Certificates are verified (by *context* where one is given), redirects are not followed.  Not to
    be used by two threads at once.
    """

    def __init__(
        self, url: str, *, patience: float = _PATIENCE, context: ssl.SSLContext | None = None
    ) -> None:
        self._parts, self._patience, self._context = urlsplit(url), patience, context
        self._connection: HTTPConnection | None = None

    @property
    def host(self) -> str:
        """The server's name, as people may see it: no secret is in it."""
        return self._parts.hostname or ""

    def post(self, body: bytes, headers: Mapping[str, str], *, path: str = "") -> Answer:
        """Post *body* to the address, or to *path* below it; blocks, for *patience* at each step.

        Raises OSError where nobody answers, or it cannot be asked so; the request may have arrived
        all the same.  No error has the address or a header in it: they may hold secrets.
        """
        target = (self._parts.path.rstrip("/") + path if path else self._parts.path) or "/"
        if self._parts.query:
            target += f"?{self._parts.query}"
        was_open = self._connection is not None
        try:
            return self._answer(target, body, headers)
        except (ConnectionError, _NoAnswer):
            if not was_open:
                raise
        return self._answer(target, body, headers)  # an idle connection may have been closed

    def close(self) -> None:
        """Let go of the connection."""
        found, self._connection = self._connection, None
        if found is not None:
            found.close()

    def _answer(self, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            return self._posted(target, body, headers)
        except OSError:
            self.close()
            raise
        except (HTTPException, ValueError) as error:
            self.close()
            raise _NoAnswer(type(error).__name__) from None

    def _posted(self, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = self._made()
        self._connection.request("POST", target, body, dict(headers))
        response = self._connection.getresponse()
        said = response.read(_LARGEST_ANSWER)
        if response.read(1) or response.will_close:
            self.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, body=said, headers=found)

    def _made(self) -> HTTPConnection:
        host, port = self.host, self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=self._patience, context=self._context)
        return HTTPConnection(host, port, timeout=self._patience)
