"""Reads what an agent elsewhere answers: results, problems, and whatever else may be there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from svcctl.client.remote import Remote
from svcctl.client.remote_wire import Answer, Unanswered
from svcctl.errors import AgentUnreachable, SvcctlError, Unauthenticated, quoted
from svcctl.wire import to_error

_PROBLEM = "application/problem+json"
_LOOKS, _LONGEST_PAUSE = 30, 5.0  # at what is under way, and seconds between two of them
_WRITTEN = frozenset(("lines", "text"))
"""Where an agent has what programs wrote; that is made harmless where it is shown."""
_DRIVING = re.compile(rb"\\u00[0189]|\\u007[fF]|\x7f|\xc2[\x80-\x9f]|\\[bfr]")
"""What a document has that holds control characters."""
_SHOWN = {code: "�" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_LONGEST_TEXT = 4_000  # characters of a problem; nobody reads more


def result_of(content: bytes, remote: Remote) -> dict[str, object]:
    """Give the document in *content*; raises AgentUnreachable where that is none of an agent."""
    try:
        document = json.loads(content)
        if isinstance(document, dict):
            return _harmless(document) if _DRIVING.search(content) else document
    except (ValueError, RecursionError):  # none, or one that nobody but an attacker would nest so
        pass
    raise AgentUnreachable(
        f"what answers at {quoted(remote.url)} is no agent",
        hint="see: svcctl ctx show; curl shows what is there",
    )


def _harmless(document: dict[str, object]) -> dict[str, object]:
    """Give *document* without what drives a terminal, but for what programs wrote.

    Names and reasons are shown as they are: an agent checks them, who answers here may be no agent.
    """
    return {
        _shown(key): value if key in _WRITTEN else _harmless_value(value)
        for key, value in document.items()
    }


def _harmless_value(value: object) -> object:
    match value:
        case str():
            return _shown(value)
        case list():
            return [_harmless_value(each) for each in value]
        case dict():
            return _harmless(value)
        case _:
            return value


def _shown(text: str) -> str:
    return text.translate(_SHOWN)


def problem_in(document: Mapping[str, object], remote: Remote) -> SvcctlError:
    """Give the exception that a problem document stands for."""
    told = {
        "code": document.get("code"),
        "problem": str(document.get("detail", ""))[:_LONGEST_TEXT],
        "hint": str(document.get("hint", ""))[:_LONGEST_TEXT],
        "mistakes": document.get("mistakes"),
    }
    error = to_error(told)
    if isinstance(error, Unauthenticated):
        problem = f"{remote.name!r} does not let you in: {error.problem}"
        return Unauthenticated(problem, hint=f"svcctl login {remote.name}")
    return error


def refusal(answer: Answer, content: bytes, remote: Remote) -> SvcctlError:
    """Give the exception for an answer with a status other than 200 and 202."""
    if answer.media_type == _PROBLEM:
        return problem_in(result_of(content, remote), remote)
    if 300 <= answer.status < 400:
        elsewhere = quoted(answer.header("location")[:200])
        return AgentUnreachable(
            f"{remote.name!r} sends elsewhere, to {elsewhere}; that is not followed",
            hint=f"if it is meant: svcctl ctx add {remote.name} --url URL",
        )
    return AgentUnreachable(
        f"what answers at {quoted(remote.url)} is no agent, or none answers behind it: "
        f"status {answer.status} {_phrase(answer.status)}".rstrip(),
        hint="see whether it serves: svcctl serve http, on that machine; svcctl ctx show",
    )


def refused(answer: Answer, content: bytes, remote: Remote) -> Exception:
    """Give :func:`refusal`, or that it is still under way from when it was asked first."""
    error = refusal(answer, content, remote)
    after = answer.header("retry-after")
    if answer.status != HTTPStatus.CONFLICT or not after.isdecimal():
        return error
    return Unanswered(error, tries=_LOOKS, pause=max(1.0, min(float(after[:3]), _LONGEST_PAUSE)))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
