"""Writes what is said in one turn of the loop at once: an answer is one system call, one packet."""

from __future__ import annotations

import asyncio

_MOST = 64 * 1024  # bytes that are gathered before they are written in any case


class Gathered:
    """The *transport* of a connection, as far as those who answer over it know one.

    *stuck*: seconds that whoever is hung up on may take to read the rest.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, *, stuck: float
    ) -> None:
        self._transport, self._loop, self._stuck = transport, loop, stuck
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, part: bytes) -> None:
        """Have *part* written by the end of this turn, at once where much has been gathered."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(part)
        self._size += len(part)
        if self._size > _MOST:
            self._flush()

    def close(self) -> None:
        """Hang up once all of it is written."""
        self._flush()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(self._stuck, self._transport.abort)

    def abort(self) -> None:
        """Hang up at once; what was not written is lost."""
        self._parts.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Nobody is there any more, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str) -> object:
        """Give what the transport knows of the connection."""
        return self._transport.get_extra_info(name)

    def _flush(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))
