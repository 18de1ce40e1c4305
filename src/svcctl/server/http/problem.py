"""Errors as RFC 9457 has them: a JSON document with the codes of ours."""

from __future__ import annotations

from dataclasses import asdict

from starlette.responses import JSONResponse

from svcctl.errors import SpecError, SvcctlError

MEDIA_TYPE = "application/problem+json"


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
    """Give the response to a request that failed so; *status* instead of the error's own."""
    said = problem_of(error, request_id=request_id)
    if status is not None:
        said["status"] = status
    return JSONResponse(said, status_code=status or type(error).http_status, media_type=MEDIA_TYPE)
