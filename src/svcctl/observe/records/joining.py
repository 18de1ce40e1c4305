"""Which lines are one record: tracebacks of Python, stacks of Java, and what is indented."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import TypeVar

T = TypeVar("T")

MOST_LINES = 500
"""Lines of a record; what comes after them is another."""
_MOST_BYTES = 256 * 1024

_TRACEBACK = b"Traceback (most recent call last):"
_CHAINED = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)
_THROWN = re.compile(rb"(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)\b")
_GOES_ON = re.compile(rb"\s+\S|Caused by: |Suppressed: |\.\.\. \d+ more|[\])}]+[,;]?$")
_RAISED = re.compile(rb"[A-Za-z_][\w.]*(?:: |:?$)")
_BAD = re.compile(
    rb"\b(?:error|err|critical|crit|fatal|severe|exception|warn(?:ing)?)\b", re.IGNORECASE
)


class _In(Enum):
    """Where in a record the last line stood."""

    LINE = auto()
    FRAMES = auto()
    RAISED = auto()
    CHAIN = auto()
    STACK = auto()


def split(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Give the lines of each record; empty lines between records are left out."""
    return split_by(lines, bytes)


def split_by(lines: Iterable[T], text: Callable[[T], bytes]) -> Iterator[list[T]]:
    """Give those of *lines* that are a record each; *text* gives what one says."""
    record: list[T] = []
    for line, goes_on in _told(lines, text):
        if not goes_on:
            yield from _ended(record, text)
            record = []
        record.append(line)
    yield from _ended(record, text)


def _ended(record: list[T], text: Callable[[T], bytes]) -> Iterator[list[T]]:
    while record and not text(record[-1]).strip():
        record.pop()
    if record:
        yield record


def whole(content: bytes) -> int:
    """Give how many bytes of whole lines are records that cannot go on: all but the last one's."""
    end = len(content) - 1
    begin = content.find(b"\n", end - _MOST_BYTES, end) + 1 if end > _MOST_BYTES else 0
    if end > _MOST_BYTES and not begin:  # the last line alone is longer than any record
        return content.rfind(b"\n", 0, end) + 1
    lines = content[begin:end].split(b"\n")[-MOST_LINES:]
    if lines[-1].startswith(b"{") and lines[-1].rstrip().endswith(b"}"):
        return len(content)
    told = _told(lines, lambda line: line.removesuffix(b"\r"))
    begins = max(place for place, (_, goes_on) in enumerate(told) if not goes_on)
    return len(content) - sum(len(line) + 1 for line in lines[begins:])


def is_raised(lines: Sequence[bytes]) -> bool:
    """Say whether the lines of a record are, or have, a traceback or a stack."""
    return _TRACEBACK in lines or any(line.startswith(b"\tat ") for line in lines[1:])


def _told(lines: Iterable[T], text: Callable[[T], bytes]) -> Iterator[tuple[T, bool]]:
    """Say of each line whether it goes on with the record before it."""
    state, size, count, bad = _In.LINE, 0, 0, False
    for each in lines:
        line = text(each)
        following = _after(state, line, bad=bad) if count else None
        if following and count < MOST_LINES and size + len(line) <= _MOST_BYTES:
            state, size, count = following, size + len(line), count + 1
            yield each, True
        else:
            state = _In.FRAMES if line == _TRACEBACK else _In.LINE
            size, count, bad = len(line), 1, _BAD.search(line) is not None
            yield each, False


def _after(state: _In, line: bytes, *, bad: bool) -> _In | None:
    """Give where *line* stands in the record before it; None: it begins another."""
    if not line.strip():
        return state if state in {_In.FRAMES, _In.RAISED, _In.CHAIN} else None
    match state:
        case _In.FRAMES:
            return _In.FRAMES if line[:1] in b" \t" else _raised(line)
        case _In.RAISED:
            return _In.CHAIN if line in _CHAINED else _indented(line, _In.RAISED)
        case _In.CHAIN:
            return _In.FRAMES if line == _TRACEBACK else None
        case _In.STACK:
            return _In.STACK if _GOES_ON.match(line) else None
        case _In.LINE:
            return _after_line(line, bad=bad)


def _after_line(line: bytes, *, bad: bool) -> _In | None:
    if _GOES_ON.match(line):
        return _In.LINE
    if bad and line == _TRACEBACK:
        return _In.FRAMES
    return _In.STACK if bad and _THROWN.match(line) else None


def _raised(line: bytes) -> _In | None:
    return _In.RAISED if _RAISED.match(line) else None


def _indented(line: bytes, state: _In) -> _In | None:
    return state if line[:1] in b" \t" else None
