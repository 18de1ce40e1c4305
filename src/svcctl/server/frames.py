"""Takes requests off a connection, whoever is at the other end: whole lines, in bounded memory."""

from __future__ import annotations

import asyncio

from svcctl.errors import Conflict, UsageError
from svcctl.wire import LONGEST

AT_ONCE = 64 * 1024
"""Bytes read ahead of a connection, and those a line may have without asking for room."""

_ALL = 2 * LONGEST  # bytes that long lines of all connections may take while they come in


class Room:
    """How much memory long requests may take that are still coming in, over all connections."""

    def __init__(self) -> None:
        self._left = _ALL

    def take(self, size: int) -> None:
        """Take *size* bytes, or raise Conflict."""
        if size > self._left:
            raise Conflict(
                "too many long requests come in at once",
                hint="ask again; svcctl agent status shows whether the agent is busy",
            )
        self._left -= size

    def give_back(self, size: int) -> None:
        """Let others have *size* bytes again."""
        self._left += size


async def read_line(reader: asyncio.StreamReader, room: Room, *, begun: bytes = b"") -> bytes:
    """Read a line with its end, what is left without one, or nothing at the end.

    *begun* is what was read of it before: a byte or nothing.  *reader* must have been given AT_ONCE
    as its limit.  Raises UsageError for a line of more than LONGEST bytes, Conflict where others
    take all the room: the rest of that line then follows.
    """
    if begun == b"\n":
        return begun
    parts = [begun] if begun else []
    taken = 0
    try:
        while True:
            part, whole = await _part(reader)
            if taken or not whole:
                room.take(len(part))
                taken += len(part)
            if taken > LONGEST:
                raise UsageError(f"a request has more than {LONGEST // 1024**2} MiB")
            parts.append(part)
            if whole:
                return b"".join(parts)
    finally:
        room.give_back(taken)


async def _part(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """Give the next part of a line, and whether it is the last one."""
    try:
        return await reader.readuntil(b"\n"), True
    except asyncio.IncompleteReadError as error:
        return error.partial, True
    except asyncio.LimitOverrunError as error:
        return await reader.readexactly(error.consumed), False
