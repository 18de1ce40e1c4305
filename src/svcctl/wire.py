"""The local protocol: one JSON object a line, requests one way and answers the other.

Request   {"id": 1, "verb": "start", "args": {},
           "select": {"names": ["web"], "labels": [], "all": false},
           "on_behalf": {}}            an identity, of those who may speak for others
Answers   {"id": 1, "item": ...}      any number, of a verb that streams or tells its progress
          {"id": 1, "result": ...}    the last one, or
          {"id": 1, "error": {"code", "problem", "hint", "mistakes"}}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields

from svcctl.errors import Mistake, SpecError, SvcctlError, UsageError, tree

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
    """

    verb: str
    select: Selection = field(default_factory=Selection)
    args: dict[str, object] = field(default_factory=dict)
    id: int = 1
    on_behalf: dict[str, object] = field(default_factory=dict)


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
        select = document.get("select") or {}
        return Request(
            id=int(document.get("id", 1)),
            verb=str(document["verb"]),
            select=Selection(
                names=_texts(select.get("names")),
                labels=_texts(select.get("labels")),
                all=select.get("all") is True,
            ),
            args=dict(document.get("args") or {}),
            on_behalf=dict(document.get("on_behalf") or {}),
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


def _mistakes(documents: list[object]) -> list[Mistake]:
    """Read what is known of each; a later agent may say more."""
    names = {each.name for each in fields(Mistake)}
    known = [
        {name: value for name, value in document.items() if name in names}
        for document in documents
        if isinstance(document, dict)
    ]
    return [Mistake(**each) for each in known if "problem" in each]
