"""The local protocol: one JSON object a line, requests one way and answers the other.

Request   {"id": 1, "verb": "start", "args": {},
           "select": {"names": ["web"], "labels": [], "all": false},
           "on_behalf": {},            an identity, of those who may speak for others
           "on_behalf_of_all": [],     or several who ask for the same look at once:
                                       {"identity", "times"} of each
           "tell_begun": false}        whether to say that it has begun, before the first item
           {"verb": "refused", "args": {"verb", "error"}, "select", "on_behalf"}
                                       in place of a verb: it was refused already, and is only
                                       written down
Answers   {"id": 1, "result": {"found": [...], "each": [0, {"error"}, ...]}}   to the latter
          {"id": 1, "item": ...}      any number, of a verb that streams or tells its progress
          {"id": 1, "item": null}     nothing yet, but it will not be refused any more: once, and to
                                      those who want to be told
          {"id": 1, "result": ...}    the last one, or
          {"id": 1, "error": {"code", "problem", "hint", "mistakes"}}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from svcctl.errors import Mistake, SpecError, SvcctlError, UsageError, tree

REFUSED = "refused"
"""Says, in place of a verb, that whoever speaks for others has refused one themselves.

It is no flag beside the verb: an agent that does not know of it must not carry the verb out.
"""

LONGEST = 16 * 1024 * 1024
"""Bytes a request may have; one that defines ten thousand services fits."""
_MOST = 10_000  # names or labels: each is compared with every service


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Names, globs and @groups, any of which may fit; labels, all of which must; or everything."""

    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    all: bool = False

    @property
    def empty(self) -> bool:
        """Nothing was named."""
        return not (self.names or self.labels or self.all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something asked of an agent, or of a service written with the SDK.

    *on_behalf* is the identity, as a document, of whom it is asked for; empty: for oneself.
    *on_behalf_of_all* are those of several, each with how many times, for a verb whose answers are
    shared.  *tell_begun*: have it said that it has begun, where there is no item to show that.
    """

    verb: str
    select: Selection = field(default_factory=Selection)
    args: dict[str, object] = field(default_factory=dict)
    id: int = 1
    on_behalf: dict[str, object] = field(default_factory=dict)
    on_behalf_of_all: tuple[dict[str, object], ...] = ()
    tell_begun: bool = False


def encode(document: object) -> bytes:
    """Give one line, with its end."""
    try:
        return _text(document, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # bytes that were no text, such as in a variable or a file's name
        return _text(document, ensure_ascii=True).encode() + b"\n"


def _text(document: object, *, ensure_ascii: bool) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=ensure_ascii)


def encode_request(request: Request) -> bytes:
    """Give a request as one line."""
    return encode(asdict(request))


def decode_request(line: bytes) -> Request:
    """Read a request, or raise UsageError."""
    try:
        document = json.loads(line)
        return Request(
            id=int(document.get("id", 1)),
            verb=str(document["verb"]),
            select=_selection(document.get("select") or {}),
            args=_object(document.get("args") or {}),
            on_behalf=_object(document.get("on_behalf") or {}),
            on_behalf_of_all=tuple(
                _object(each) for each in document.get("on_behalf_of_all") or ()
            ),
            tell_begun=document.get("tell_begun") is True,
        )
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise UsageError(f"not a request: {error}") from error


def _object(document: object) -> dict[str, Any]:
    """Give a JSON object as it is; pairs in a list, of which dict() would make one, are none."""
    if not isinstance(document, dict):
        raise TypeError(f"{document!r} is not an object")
    return document


def decode_selection(document: object) -> Selection:
    """Read what *select* is in a request, or raise UsageError."""
    try:
        return _selection(document)
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"not a selection of services: {error}") from error


def _selection(document: Any) -> Selection:  # noqa: ANN401 - a stranger's
    return Selection(
        names=_texts(document.get("names")),
        labels=_texts(document.get("labels")),
        all=document.get("all") is True,
    )


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        if len(value) > _MOST:
            raise ValueError(f"more than {_MOST} names or labels")
        return tuple(value)
    raise TypeError("names and labels are lists of texts")


def error_document(error: SvcctlError) -> dict[str, object]:
    """Give an error in a form that :func:`to_error` turns back."""
    mistakes = error.mistakes if isinstance(error, SpecError) else ()
    return {
        "code": error.code,
        "problem": error.problem,
        "hint": error.hint,
        "mistakes": [asdict(each) for each in mistakes],
    }


def to_error(document: dict[str, object]) -> SvcctlError:
    """Give the exception an error document stands for; an unknown code is a plain SvcctlError."""
    kinds = {kind.code: kind for kind in tree()}
    kind = kinds.get(str(document.get("code")), SvcctlError)
    problem, hint = str(document.get("problem", "")), str(document.get("hint", ""))
    if issubclass(kind, SpecError):
        found = document.get("mistakes")
        listed = found if isinstance(found, list) else []
        return kind(problem, hint=hint, mistakes=_mistakes(listed))
    return kind(problem, hint=hint)


def for_all(answers: Sequence[object]) -> dict[str, object]:
    """Give what several are answered, errors among it; what is the same object is said once."""
    found = list({id(each): each for each in answers if not isinstance(each, SvcctlError)}.values())
    place = {id(each): number for number, each in enumerate(found)}
    return {
        "found": found,
        "each": [
            {"error": error_document(each)} if isinstance(each, SvcctlError) else place[id(each)]
            for each in answers
        ],
    }


def answers_to_all(document: object, count: int) -> list[object]:
    """Read what :func:`for_all` gave to *count* askers; raises UsageError for anything else."""
    match document:
        case {"found": [*found], "each": [*each]} if len(each) == count:
            return [_answer(one, found) for one in each]
        case _:
            raise UsageError("what is answered is not for as many as asked")


def _answer(one: object, found: Sequence[object]) -> object:
    match one:
        case {"error": dict(error)}:
            return to_error(error)
        case int() if 0 <= one < len(found):
            return found[one]
        case _:
            raise UsageError("an answer is for nobody who asked")


def _mistakes(documents: list[object]) -> list[Mistake]:
    """Read what is known of each; a later agent may say more."""
    names = {each.name for each in fields(Mistake)}
    known = [
        {name: value for name, value in document.items() if name in names}
        for document in documents
        if isinstance(document, dict)
    ]
    return [Mistake(**each) for each in known if "problem" in each]
