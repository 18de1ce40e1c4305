"""Counts what became of numbered lines: none may be missing, come twice or be cut in two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LINE = 100  # bytes of a line, its end included
_OF_PID = 10**89


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many lines were lost, came more than once, or were cut: over two files, or for good."""

    lost: int
    doubled: int
    torn: int


def line(number: int, *, pid: int = 0) -> bytes:
    """Give a line as the workload writes it; *pid* is 0 unless it ticks."""
    return b"%010d%089d\n" % (pid, number)


def tally(files: Iterable[bytes], *, written: int, pid: int = 0) -> Tally:
    """Compare what stands in *files*, oldest first, with the *written* lines numbered from 0.

    A line that begins in one file and ends in the next is torn, but not lost.  Lines of other
    pids are none of ours.
    """
    seen = bytearray(written)
    doubled = torn = 0
    rest = b""
    for content in files:
        torn += bool(rest)
        whole = rest + content
        end = whole.rfind(b"\n") + 1
        rest = whole[end:]
        first = _number(whole[:LINE], pid)
        if first is not None and _follow(whole[:end], first, written, pid):
            before = seen.count(1, first, first + end // LINE)
            doubled += before
            seen[first : first + end // LINE] = b"\1" * (end // LINE)
            continue
        for each in whole[:end].splitlines(keepends=True):
            number = _number(each, pid)
            if number is None:
                torn += not _strange(each, pid)
            elif number >= written or seen[number]:
                doubled += 1
            else:
                seen[number] = 1
    return Tally(lost=seen.count(0), doubled=doubled, torn=torn + bool(rest))


def _follow(content: bytes, first: int, written: int, pid: int) -> bool:
    """Say whether *content* is nothing but lines one after the other, as is mostly so."""
    count, left = divmod(len(content), LINE)
    if left or first + count > written:
        return False
    return all(
        content[at * LINE : (at + _BLOCK) * LINE]
        == b"".join(line(first + number, pid=pid) for number in range(at, min(at + _BLOCK, count)))
        for at in range(0, count, _BLOCK)
    )


_BLOCK = 10_000  # lines compared at once


def _number(text: bytes, pid: int) -> int | None:
    if len(text) != LINE or not text.endswith(b"\n") or not text[:-1].isdigit():
        return None
    owner, number = divmod(int(text), _OF_PID)
    return number if owner == pid else None


def _strange(text: bytes, pid: int) -> bool:
    """Say whether a line is whole, but of another pid."""
    whole = len(text) == LINE and text.endswith(b"\n") and text[:-1].isdigit()
    return whole and int(text) // _OF_PID != pid
