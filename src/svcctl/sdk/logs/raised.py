"""Describes errors as fields: what, where, and what led to it; no values of variables."""

from __future__ import annotations

import traceback
from types import TracebackType

from svcctl.sdk.logs.plain import Plain, plain, shown

_LONGEST_CHAIN = 8  # errors that led to one another
_WIDEST_GROUP = 16  # errors of one group
_MOST_FRAMES = 50  # the innermost are kept


def describe(error: BaseException) -> dict[str, Plain]:
    """Give *error* as a table.

    ``type`` (with its module), ``message``, ``frames`` (``file``, ``line``, ``function``, innermost
    last), and where there are any ``notes``, ``errors`` of a group and the ``cause``: the error it
    was raised from, or while.
    """
    return _describe(error, _LONGEST_CHAIN, set())


def as_text(described: dict[str, Plain]) -> list[str]:
    """Give what :func:`describe` gave as lines for people, what it was caused by at the end."""
    lines = [f"{described.get('type')}: {described.get('message')}"]
    lines += [
        f"  {frame.get('file')}:{frame.get('line')} in {frame.get('function')}"
        for frame in _tables(described.get("frames"))
    ]
    lines += [f"  {note}" for note in _list(described.get("notes"))]
    for each in _tables(described.get("errors")):
        lines += [f"  | {line}" for line in as_text(each)]
    cause = described.get("cause")
    if isinstance(cause, dict):
        first, *more = as_text(cause)
        lines += [f"because of {first}", *more]
    return lines


def _describe(error: BaseException, longest: int, seen: set[int]) -> dict[str, Plain]:
    seen.add(id(error))
    found: dict[str, Plain] = {
        "type": _name(type(error)),
        "message": _message(error),
        "frames": _frames(error.__traceback__),
    }
    notes = getattr(error, "__notes__", None)
    if notes:
        found["notes"] = plain(notes)
    if isinstance(error, BaseExceptionGroup) and longest > 1:
        of_group = error.exceptions[:_WIDEST_GROUP]
        found["errors"] = [_describe(each, longest - 1, seen) for each in of_group]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and longest > 1 and id(cause) not in seen:
        found["cause"] = _describe(cause, longest - 1, seen)
    return found


def _frames(trace: TracebackType | None) -> list[Plain]:
    summary = traceback.StackSummary.extract(
        traceback.walk_tb(trace), lookup_lines=False, limit=-_MOST_FRAMES
    )
    return [{"file": each.filename, "line": each.lineno, "function": each.name} for each in summary]


def _name(kind: type) -> str:
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(plain(str(error)))
    except Exception:  # noqa: BLE001 - somebody else's __str__
        return shown(error)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tables(value: object) -> list[dict[str, Plain]]:
    return [each for each in _list(value) if isinstance(each, dict)]
