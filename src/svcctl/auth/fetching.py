"""Gets small documents from issuers of tokens: one deadline, one size, no redirects."""

from __future__ import annotations

import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from svcctl.errors import SystemFault

if TYPE_CHECKING:
    import ssl

WITHIN = 5.0
"""Seconds all of it may take."""

LARGEST = 262_144
"""Bytes an answer may have."""

_CHUNK = 16_384


def fetch(url: str, *, context: ssl.SSLContext | None = None, within: float = WITHIN) -> bytes:
    """Give what is at *url*, whose certificate is verified (by *context* where one is given).

    Blocks; raises SystemFault for any answer but 200, and for one that is too large or too late.
    """
    parts = urlsplit(url)
    deadline = time.monotonic() + within
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(
            parts.hostname or "", parts.port, timeout=within, context=context
        )
    else:
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=within)
    try:
        connection.request("GET", target or "/", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemFault(f"{parts.hostname} answers with status {answer.status}")
        content = b""
        while chunk := answer.read1(_CHUNK):
            content += chunk
            if len(content) > LARGEST:
                raise SystemFault(f"{parts.hostname} answers with more than {LARGEST} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("it takes too long")
        return content
    except (OSError, HTTPException, ValueError) as error:
        raise SystemFault(f"{parts.hostname} does not answer: {error}") from error
    finally:
        connection.close()
