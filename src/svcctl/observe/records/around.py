"""Finds the records that certain lines are part of, without looking at all the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from svcctl.observe.records.joining import MOST_LINES, split_by


def around(lines: Sequence[bytes], wanted: Iterable[int]) -> Iterator[list[int]]:
    """Give the numbers of the lines of each record that has one of the lines *wanted*, in order.

    As in :func:`svcctl.observe.records.joining.split`; but only what is indented, empty, or beside
    such a line, is taken for a part of the record before it.
    """
    done = 0
    for number in wanted:
        if number < done:
            continue
        begin, end = _begin(lines, number, done), _end(lines, number)
        numbers = range(begin, end)
        for record in split_by(numbers, lines.__getitem__):
            if record[0] <= number <= record[-1]:
                yield record
                done = record[-1] + 1
                break


def _begin(lines: Sequence[bytes], number: int, first: int) -> int:
    least = max(first, number - MOST_LINES)
    while number > least and (_is_loose(lines[number]) or _is_loose(lines[number - 1])):
        number -= 1
    return max(number - 1, least)


def _end(lines: Sequence[bytes], number: int) -> int:
    end, most = number + 1, min(len(lines), number + MOST_LINES)
    while end < most and any(map(_is_loose, lines[end - 1 : end + 2])):
        end += 1
    return end


def _is_loose(line: bytes) -> bool:
    return line[:1] in b" \t"  # an empty line, too
