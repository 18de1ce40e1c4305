"""Finds the lines in what comes block by block, without ever holding more than the longest one."""

from __future__ import annotations

LONGEST = 1 << 20
"""Bytes after which a line is cut in two, wherever lines are told apart."""


class Splitter:
    """Turns blocks of bytes into lines without their ends."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def feed(self, block: bytes) -> list[bytes]:
        """Take a block; give the lines that are complete with it."""
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            self._parts.append(head)
            lines = b"".join(self._parts).split(b"\n")
            self._parts, self._length = [tail], len(tail)
            return [line.removesuffix(b"\r") for line in lines]
        self._parts.append(block)
        self._length += len(block)
        return self.rest() if self._length >= LONGEST else []

    def rest(self) -> list[bytes]:
        """Give the unfinished line, if there is one, as if it were complete."""
        line = b"".join(self._parts)
        self._parts, self._length = [], 0
        return [line] if line else []
