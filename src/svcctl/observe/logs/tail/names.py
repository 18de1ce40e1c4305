"""Which files are older parts of a log, by their names, and in which order they were written."""

from __future__ import annotations

import os
import re

PACKED = (".gz", ".bz2", ".xz")
"""Ends of the names of packed files that can be read."""

_WHEN = r"\d[\d.\-_:TZ]*"
_PACKED = r"(?:\.gz|\.bz2|\.xz)?"
_SUFFIX = re.compile(rf"(.+?)[.\-_](?:{_WHEN}|old|bak|prev|save|copy)({_PACKED})", re.DOTALL)
_INFIX = re.compile(
    rf"(.+?)[.\-_](?:\d{{4}}[\d.\-_:TZ]*)((?!{_PACKED}$)\.[A-Za-z]\w*)({_PACKED})", re.DOTALL
)
_NUMBER = re.compile(r"[.\-_](\d+)(?:\.[A-Za-z]\w*)*$")
_COUNTED = 6  # digits of a number that grows: 000001; one with fewer says how old the file is


def is_packed(name: str) -> bool:
    """Say whether a file is packed."""
    return name.endswith(PACKED)


def belongs_to(name: str) -> tuple[str, ...]:
    """Give the names of the logs that a file called *name* may be an older part of.

    >>> belongs_to("app.log.2.gz"), belongs_to("app.log-20260101"), belongs_to("app.log.idx")
    (('app.log',), ('app.log',), ())
    >>> belongs_to("app-2026-01-01.log")
    ('app.log',)
    """
    found = []
    if match := _SUFFIX.fullmatch(name):
        found.append(match[1])
    if match := _INFIX.fullmatch(name):
        found.append(f"{match[1]}{match[2]}")
    return tuple(found)


def parts_of(base: str, names: list[str]) -> list[str]:
    """Give those of *names* that are older parts of *base*; while one is being packed, once."""
    stem = os.path.splitext(base)[0]
    found = [each for each in names if each.startswith(stem) and base in belongs_to(each)]
    there = set(found)
    return [each for each in found if not (is_packed(each) and _unpacked(each) in there)]


def age_key(name: str, changed_ns: int) -> tuple[int, int]:
    """Give what older parts are sorted by, oldest first.

    That is when they were last written.  At the same instant, ``log.2`` is older than ``log.1``,
    and ``log.000001`` older than ``log.000002``.
    """
    match = _NUMBER.search(_unpacked(name))
    if match is None:
        return changed_ns, 0
    number = int(match[1])
    return changed_ns, number if len(match[1]) >= _COUNTED else -number


def _unpacked(name: str) -> str:
    return os.path.splitext(name)[0] if is_packed(name) else name
