"""The configuration of a service as a resource: read, and replaced only by who saw what it is.

RFC 9110 (sections 8.8.3, 13.1.1, 13.1.2) and RFC 6585 (section 3).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from svcctl.app.strict_json import strict_json
from svcctl.errors import Conflict, Mistake, Outdated, SpecError, SvcctlError, UsageError
from svcctl.server.http.body import body_of
from svcctl.server.http.negotiation import insist_on_json
from svcctl.server.http.problem import HttpError
from svcctl.wire import to_error

if TYPE_CHECKING:
    from starlette.requests import Request

_NOT_MODIFIED, _PRECONDITION_REQUIRED = 304, 428
_DIGITS = 16  # of a digest that tells one answer from another


def shown(request: Request, result: object) -> Response:
    """Give *result* with its tag; nothing where the request says that it is known already."""
    tag = tag_of(result)
    headers = {"etag": tag, "cache-control": "no-cache"}
    if _names(request.headers.get("if-none-match", ""), tag, weakly=True):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return JSONResponse({"result": result}, headers=headers)


def tag_of(result: object) -> str:
    """Give the strong tag of what services answered: another one whenever a byte differs."""
    text = json.dumps(result, sort_keys=True).encode()
    return f'"{hashlib.sha256(text).hexdigest()[:_DIGITS]}"'


def insist_on_condition(request: Request) -> None:
    """Raise HttpError (428) where the request does not say what is to be replaced."""
    if not request.headers.get("if-match", "").strip():
        error = UsageError(
            "a configuration is replaced only by who says which",
            hint="get it, and send its ETag as If-Match; or If-Match: *",
        )
        raise HttpError(error, _PRECONDITION_REQUIRED)


def is_any(request: Request) -> bool:
    """Say whether whatever is there is to be replaced."""
    return request.headers.get("if-match", "").strip() == "*"


def versions_seen(request: Request, result: object) -> str:
    """Give the versions that must be the newest still, as the verb takes them.

    *result* is what is there now.  Raises Outdated where the request is about something else.
    """
    if not _names(request.headers.get("if-match", ""), tag_of(result), weakly=False):
        raise Outdated("the configuration is another one by now", hint="get it, and ask again")
    return ",".join(f"{each['instance']}={each['answer']['newest']}" for each in _answers(result))


async def values_of(request: Request) -> dict[str, Any]:
    """Give the values in the body; raises UsageError, HttpError (415)."""
    insist_on_json(request)
    found = strict_json(await body_of(request))
    if not isinstance(found, dict):
        raise UsageError("the body is no table of values", hint='such as {"period": "5s"}')
    return found


def insist_on_success(result: object) -> None:
    """Raise what each of the instances refused it for; nothing where all took it."""
    refused = [each for each in result if not each["ok"]] if isinstance(result, list) else []
    if refused:
        raise _refusal(refused[0])


def _refusal(reply: Mapping[str, Any]) -> SvcctlError:
    problem = f"{reply['instance']}: {reply['problem']}"
    answer = reply["answer"]
    if isinstance(answer, dict) and answer.get("mistakes"):
        names = ("problem", "hint", "file", "line", "column")
        mistakes = [Mistake(**{name: each[name] for name in names}) for each in answer["mistakes"]]
        return SpecError(problem, hint=reply["hint"], mistakes=mistakes)
    error = to_error({"code": reply.get("code", ""), "problem": problem, "hint": reply["hint"]})
    return error if reply.get("code") else Conflict(problem, hint=reply["hint"])


def _answers(result: object) -> list[Mapping[str, Any]]:
    insist_on_success(result)
    return result if isinstance(result, list) else []


def _names(header: str, tag: str, *, weakly: bool) -> bool:
    listed = [each.strip() for each in header.split(",")]
    if weakly:
        listed = [each.removeprefix("W/") for each in listed]
        return tag in listed or "*" in listed
    return tag in listed
