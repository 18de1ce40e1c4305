"""The ways in which lines may be told to be one record, by the names that definitions use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from svcctl.observe.records.around import around
from svcctl.observe.records.joining import MOST_LINES, split, whole

Begins = Callable[[bytes], bool]
"""Says whether a line is the first of a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiline:
    """One such way.

    *split* gives the lines of each record, *whole* how many bytes of whole lines are records that
    cannot go on, *gather* where each record begins and ends that has one of the lines which begin
    at given places of a block.
    """

    split: Callable[[Iterable[bytes]], Iterator[list[bytes]]]
    whole: Callable[[bytes], int]
    gather: Callable[[bytes, Iterable[int]], Iterable[tuple[int, int]]]


def multiline(text: str) -> Multiline:
    """Give the way called *text*: ``auto``, ``none``, or a pattern found in each first line."""
    if text == "auto":
        return Multiline(split=split, whole=whole, gather=around)
    if text == "none":
        return Multiline(split=_alone, whole=len, gather=_lines)
    pattern = re.compile(text)

    def begins(line: bytes) -> bool:
        return pattern.search(line.decode(errors="replace")) is not None

    return Multiline(
        split=lambda lines: _split(lines, begins),
        whole=lambda content: _whole(content, begins),
        gather=lambda block, starts: _gather(block, starts, begins),
    )


def _alone(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    return ([line] for line in lines if line.strip())


def _lines(block: bytes, starts: Iterable[int]) -> Iterator[tuple[int, int]]:
    for start in starts:
        if start < len(block):
            yield start, _end_of(block, start)


def _split(lines: Iterable[bytes], begins: Begins) -> Iterator[list[bytes]]:
    record: list[bytes] = []
    for line in lines:
        if record and (len(record) >= MOST_LINES or begins(line)):
            yield record
            record = []
        if record or line.strip():
            record.append(line)
    if record:
        yield record


def _whole(content: bytes, begins: Begins) -> int:
    """Give where the last record begins; 0 where none is seen to."""
    end = len(content)
    for _ in range(MOST_LINES):
        start = content.rfind(b"\n", 0, max(end - 1, 0)) + 1
        if begins(content[start:end].rstrip(b"\r\n")):
            return start
        if not start:
            return 0
        end = start
    return end


def _gather(block: bytes, starts: Iterable[int], begins: Begins) -> Iterator[tuple[int, int]]:
    done = 0
    for start in starts:
        if not done <= start < len(block):
            continue
        begin = _first_line(block, start, done, begins)
        end = _end_of(block, start)
        for _ in range(MOST_LINES):
            following = _end_of(block, end + 1)
            if end + 1 >= len(block) or begins(block[end + 1 : following].rstrip(b"\r")):
                break
            end = following
        yield begin, end
        done = end + 1


def _first_line(block: bytes, start: int, first: int, begins: Begins) -> int:
    for _ in range(MOST_LINES):
        if start <= first or begins(block[start : _end_of(block, start)].rstrip(b"\r")):
            break
        start = block.rfind(b"\n", 0, start - 1) + 1
    return start


def _end_of(block: bytes, start: int) -> int:
    end = block.find(b"\n", start)
    return len(block) if end < 0 else end
