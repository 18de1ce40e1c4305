"""Errors as RFC 9457 has them: a JSON document with the codes of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING

from svcctl.errors import CircuitOpen, SpecError, SvcctlError, TooManyTries

if TYPE_CHECKING:
    from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

_MINUTE = 60  # seconds; as long as failed tries are remembered
_BUSY, _FAILED_TOO_OFTEN = 503, 429


class HttpError(Exception):
    """An error of ours that HTTP has a status of its own for, such as 415."""

    def __init__(
        self,
        error: SvcctlError,
        status: int,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(error.problem)
        self.error, self.status, self.headers = error, status, headers


def problem_of(error: SvcctlError, *, request_id: str) -> dict[str, object]:
    """Give what is said of *error*: type, title, status, detail, and code, hint, mistakes."""
    kind = type(error)
    said: dict[str, object] = {
        "type": f"urn:svcctl:error:{kind.code.lower()}",
        "title": (kind.__doc__ or "").splitlines()[0].rstrip("."),
        "status": kind.http_status,
        "detail": error.problem,
        "code": kind.code,
        "request_id": request_id,
    }
    if error.hint:
        said["hint"] = error.hint
    if isinstance(error, SpecError) and error.mistakes:
        said["mistakes"] = [asdict(each) for each in error.mistakes]
    return said


def answer_of(error: SvcctlError, *, request_id: str, status: int | None = None) -> JSONResponse:
    """Give the response to a request that failed so; *status* instead of the error's own.

    Who is to ask again later is told when.
    """
    from starlette.responses import JSONResponse  # noqa: PLC0415 - gRPC has errors of its own

    said = problem_of(error, request_id=request_id)
    if status is not None:
        said["status"] = status
    found = status or type(error).http_status
    headers = {"retry-after": str(_again_in(error))} if found in _LATER else {}
    return JSONResponse(said, status_code=found, media_type=MEDIA_TYPE, headers=headers)


_LATER = frozenset((_BUSY, _FAILED_TOO_OFTEN))


def _again_in(error: SvcctlError) -> int:
    """Give the seconds, whole, after which it is worth another try."""
    if isinstance(error, TooManyTries):
        return _MINUTE
    return max(1, ceil(error.retry_in)) if isinstance(error, CircuitOpen) else 1
