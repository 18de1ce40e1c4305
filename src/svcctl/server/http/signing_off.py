"""The headers that every answer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.server.http.exchange import REQUEST_ID

if TYPE_CHECKING:
    from starlette.responses import Response

_SAFE = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Those of every answer that says nothing else of the same."""


def signed_off(response: Response, request_id: str) -> Response:
    """Give *response* with the headers that every answer has."""
    raw = response.raw_headers
    said = {name for name, _ in raw}
    raw.append((REQUEST_ID.encode(), request_id.encode()))
    raw += [each for each in _SAFE if each[0] not in said]
    return response
