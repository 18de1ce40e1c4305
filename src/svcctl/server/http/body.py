"""Reads the body of a request: no more of it than may be, and once for all who want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.errors import UsageError
from svcctl.server.http.problem import HttpError

if TYPE_CHECKING:
    from starlette.requests import Request

LONGEST = 1024 * 1024
"""Bytes a body may have."""
_TOO_LONG = 413


async def body_of(request: Request, *, most: int = LONGEST) -> bytes:
    """Give the body; raises UsageError where it breaks off, HttpError (413) beyond *most* bytes.

    A signature covers it, so it may be wanted before it is known who asks, and again after that.
    """
    if not hasattr(request.state, "body"):
        request.state.body = await _read(request, most)
    found: bytes = request.state.body
    return found


async def _read(request: Request, most: int) -> bytes:
    from starlette.requests import ClientDisconnect  # noqa: PLC0415 - whoever serves has it

    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:  # who waits for a 100 (Continue) never sends it
        raise _too_long(most)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise _too_long(most)
    except ClientDisconnect as error:
        raise UsageError("the body broke off") from error
    return bytes(body)


def _too_long(most: int) -> HttpError:
    return HttpError(UsageError(f"the body is longer than {most} bytes"), _TOO_LONG)
