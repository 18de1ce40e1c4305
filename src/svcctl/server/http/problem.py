"""Errors as RFC 9457 has them: a JSON document with the codes of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING

from svcctl.errors import SpecError, SvcctlError
from svcctl.server.retrying import again_in

if TYPE_CHECKING:
    from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


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

    found = status or type(error).http_status
    said = problem_of(error, request_id=request_id) | {"status": found}
    again = again_in(error)
    headers = {} if again is None else {"retry-after": str(again)}
    return JSONResponse(said, status_code=found, media_type=MEDIA_TYPE, headers=headers)
