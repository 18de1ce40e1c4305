"""Finds the records that certain lines of a block are part of, without looking at the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from svcctl.observe.records.joining import MOST_LINES, split_by

_BEGINS = frozenset(b"0123456789{[<")
"""No line that begins so goes on with the record before it; nearly every log line does."""

_Line = tuple[int, bytes]


def around(block: bytes, starts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give where each record begins and ends that has one of the lines which begin at *starts*.

    As in :func:`svcctl.observe.records.joining.split`; but only what is indented, empty, or beside
    such a line, is taken for a part of the record before it.
    """
    done = 0
    for start in starts:
        if not done <= start < len(block):
            continue
        end = _end_of(block, start)
        if _surely_begins(block, start) and _surely_begins(block, end + 1):
            yield start, end
            done = end + 1
            continue
        for record in split_by(_beside(block, start, done), _text):
            begin, (last, text) = record[0][0], record[-1]
            if begin <= start <= last:
                done = last + len(text) + 1
                yield begin, done - 1
                break


def _surely_begins(block: bytes, start: int) -> bool:
    return start >= len(block) or block[start] in _BEGINS


def _beside(block: bytes, start: int, first: int) -> list[_Line]:
    """Give the lines around the one at *start* that may be of one record with it, and one more."""
    before: list[_Line] = []
    here = _line(block, start)
    upper = here
    while upper[0] > first and len(before) < MOST_LINES:
        line = _line(block, block.rfind(b"\n", 0, upper[0] - 1) + 1)
        before.append(line)
        if not (_is_loose(upper) or _is_loose(line)):
            break
        upper = line
    after = [here, *_lines_from(block, _end_of(block, start) + 1)]
    end = 1
    while end < len(after) and any(map(_is_loose, after[end - 1 : end + 2])):
        end += 1
        if end == len(after) < MOST_LINES:
            after += _lines_from(block, _end_of(block, after[-1][0]) + 1)
    return [*reversed(before), *after[:end]]


def _lines_from(block: bytes, start: int) -> list[_Line]:
    """Give the next two lines, if there are so many."""
    found: list[_Line] = []
    while start < len(block) and len(found) < 2:
        found.append(_line(block, start))
        start = _end_of(block, start) + 1
    return found


def _line(block: bytes, start: int) -> _Line:
    return start, block[start : _end_of(block, start)]


def _end_of(block: bytes, start: int) -> int:
    end = block.find(b"\n", start)
    return len(block) if end < 0 else end


def _text(line: _Line) -> bytes:
    return line[1].removesuffix(b"\r")


def _is_loose(line: _Line) -> bool:
    return _text(line)[:1] in b" \t"  # an empty line, too
