"""Reads JSON that everybody reads alike: RFC 8259 without what it leaves to each reader (RFC 7493).

What a proxy, a log and we take for different things is refused: a name given twice, NaN, Infinity,
numbers beyond all bounds.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import NoReturn

from svcctl.errors import UsageError


def strict_json(content: bytes | str, *, what: str = "the body") -> object:
    """Give what *content* says; raises UsageError, which speaks of *what*."""
    try:
        if isinstance(content, str):
            content.encode()  # half of a character is none
        return json.loads(
            content, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is not JSON: {error!s:.200}") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(each for each in names if names.count(each) > 1)
        raise ValueError(f"{twice!r:.80} is given twice")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text:.40} is beyond all bounds")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
