"""Counts what became of numbered lines: none may be missing, come twice or be torn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.writer import LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many lines were lost, came more than once, or are no whole line."""

    lost: int
    doubled: int
    torn: int


def tally(files: Iterable[bytes], *, written: int) -> Tally:
    """Compare what stands in *files*, oldest first, with the *written* lines numbered from 0.

    Each file counts for itself: a line divided over two files is torn twice.
    """
    seen = bytearray(written)
    doubled = torn = 0
    for content in files:
        for line in content.splitlines(keepends=True):
            number = _number(line)
            if number is None or number >= written:
                torn += 1
            elif seen[number]:
                doubled += 1
            else:
                seen[number] = 1
    return Tally(lost=seen.count(0), doubled=doubled, torn=torn)


def _number(line: bytes) -> int | None:
    whole = len(line) == LINE and line.endswith(b"\n") and line[:-1].isdigit()
    return int(line) if whole else None
