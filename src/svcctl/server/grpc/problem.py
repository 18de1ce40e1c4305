"""Errors as google.rpc.Status has them: a code all clients know, and ours in the details.

After https://google.aip.dev/193: ErrorInfo says which error it is and what to do, BadRequest which
values are wrong, RetryInfo when to ask again, RequestInfo which request it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from svcctl.errors import (
    AgentUnreachable,
    Conflict,
    Denied,
    LimitReached,
    NotAvailable,
    Refused,
    SpecError,
    SvcctlError,
    TimedOut,
    TooManyTries,
    Unauthenticated,
    UnderWay,
    UnknownService,
    UsageError,
)
from svcctl.server.retrying import again_in

if TYPE_CHECKING:
    from google.protobuf.message import Message

DOMAIN = "svcctl"
"""Whose the reasons in an ErrorInfo are."""
DETAILS = "grpc-status-details-bin"
"""The metadata that a google.rpc.Status comes in."""

_CODES: tuple[tuple[type[SvcctlError], grpc.StatusCode], ...] = (
    (NotAvailable, grpc.StatusCode.UNIMPLEMENTED),
    (SpecError, grpc.StatusCode.INVALID_ARGUMENT),
    (UsageError, grpc.StatusCode.INVALID_ARGUMENT),
    (UnknownService, grpc.StatusCode.NOT_FOUND),
    (AgentUnreachable, grpc.StatusCode.UNAVAILABLE),
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (Denied, grpc.StatusCode.PERMISSION_DENIED),
    (UnderWay, grpc.StatusCode.ABORTED),
    (Conflict, grpc.StatusCode.FAILED_PRECONDITION),
    (LimitReached, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (TooManyTries, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (Refused, grpc.StatusCode.UNAVAILABLE),
    (TimedOut, grpc.StatusCode.DEADLINE_EXCEEDED),
)
"""The first that fits holds; what is none of these is INTERNAL."""

LONGEST = 1_000
"""Characters of a text: clients take 8 KB of metadata in all."""
_MOST = 5  # mistakes, likewise


def code_of(error: SvcctlError) -> grpc.StatusCode:
    """Give the code that clients tell errors apart by."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return grpc.StatusCode.INTERNAL


def details_of(error: SvcctlError, *, request_id: str) -> bytes:
    """Give what is said of *error*, as a google.rpc.Status."""
    from google.rpc import error_details_pb2 as details  # noqa: PLC0415 - where something fails
    from google.rpc.status_pb2 import Status  # noqa: PLC0415

    metadata = {"problem": error.problem[:LONGEST], "hint": error.hint[:LONGEST]}
    said: list[Message] = [
        details.ErrorInfo(
            reason=error.code, domain=DOMAIN, metadata={k: v for k, v in metadata.items() if v}
        ),
        details.RequestInfo(request_id=request_id),
    ]
    if isinstance(error, SpecError) and error.mistakes:
        wrong = details.BadRequest()
        for mistake in error.mistakes[:_MOST]:
            where = (mistake.file, mistake.line, mistake.column)
            place = ":".join(str(part) for part in where if part)
            wrong.field_violations.add(field=place, description=mistake.problem[:LONGEST])
        said.append(wrong)
    if seconds := again_in(error):
        again = details.RetryInfo()
        again.retry_delay.seconds = seconds
        said.append(again)
    status = Status(code=code_of(error).value[0], message=error.problem[:LONGEST])
    for each in said:
        status.details.add().Pack(each)
    encoded: bytes = status.SerializeToString()
    return encoded
