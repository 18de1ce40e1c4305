"""Reads what a log that others keep says already, its older and packed parts included."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from svcctl.observe.logs.tail.discovery import Folders
from svcctl.observe.logs.tail.encoding import Encoding, by_mark
from svcctl.observe.logs.tail.names import age_key, is_packed
from svcctl.observe.logs.tail.opened import Opened

TimeOf = Callable[[bytes], float | None]
"""Gives when a line says it was written (seconds since 1970); None where it does not."""

_BLOCK = 1 << 20
_LONGEST = 4 * _BLOCK
_NEAR, _TRIES = 64 * 1024, 200  # bytes, and lines, in which a time is looked for
_DISORDER = 60.0  # seconds by which a line may be before one that is older
_SPARE = 1.0  # seconds by which the times of files may be before those of clocks


class PastLog:
    """The log at *path* as it stands; *encoding* None: as its byte order mark says.

    A line of more than 4 MiB comes in parts.
    """

    def __init__(self, path: str, *, encoding: Encoding | None = None) -> None:
        self.path, self._encoding = path, encoding

    def blocks(
        self, *, since: float = 0.0, most: int | None = None, time_of: TimeOf | None = None
    ) -> Iterator[bytes]:
        """Give whole lines in UTF-8, the oldest first.

        Parts that were not written to *since* then are left out, and with *time_of* most of what
        lines say to be older; so is, with *most*, what is more than so many bytes before the end of
        the newest part, if it has as much.  Raises OSError; what is deleted meanwhile is left out.
        """
        if most is not None and not is_packed(self.path) and (size := _size(self.path)) >= most:
            yield from self._part(self.path, size - most, since, None)
            return
        for path in [*self._oldest_first(), self.path]:
            yield from self._part(path, 0, since, time_of)

    def _oldest_first(self) -> list[str]:
        aged = []
        for path in Folders().parts(self.path):
            try:
                opened = Opened(path)
            except FileNotFoundError:
                continue  # rotated away meanwhile
            opened.content.close()
            aged.append((age_key(path, opened.changed_ns), path))
        return [path for _, path in sorted(aged)]

    def _part(
        self, path: str, offset: int, since: float, time_of: TimeOf | None
    ) -> Iterator[bytes]:
        try:
            opened = Opened(path)
        except FileNotFoundError:
            return
        try:
            if opened.changed_ns / 1e9 + _SPARE >= since:
                if since and time_of and not opened.packed:
                    offset = self._place_of(opened, since - _DISORDER, time_of)
                yield from self._blocks(opened, offset)
        finally:
            opened.content.close()

    def _place_of(self, opened: Opened, since: float, time_of: TimeOf) -> int:
        """Give a place before which every line is older than *since*, found by halving."""
        low, high = 0, opened.content.size()
        while high - low > _BLOCK:
            middle = (low + high) // 2
            at = self._time_near(opened, middle, time_of)
            if at is None:
                break
            low, high = (middle, high) if at < since else (low, middle)
        return low

    def _time_near(self, opened: Opened, offset: int, time_of: TimeOf) -> float | None:
        """Give the time of a line soon after *offset*; None where none says one."""
        encoding = self._encoding or by_mark(opened.content.read(8, 0))
        offset -= offset % len(encoding.newline)
        block = opened.content.read(_NEAR, offset)
        whole = encoding.utf8(block[encoding.first_end(block) : encoding.last_end(block)])
        times = map(time_of, whole.split(b"\n")[:_TRIES])
        return next((at for at in times if at is not None), None)

    def _blocks(self, opened: Opened, offset: int) -> Iterator[bytes]:
        """Give the lines that begin at *offset* or after it."""
        content = opened.content
        encoding = self._encoding or by_mark(content.read(8, 0))
        width = len(encoding.newline)
        rest, cut = b"", offset > 0
        offset -= offset % width
        while block := content.read(_BLOCK, offset):
            offset += len(block)
            rest += block
            if cut:
                begin = encoding.first_end(rest)
                rest, cut = rest[begin:], not begin
            end = encoding.last_end(rest)
            if not end and len(rest) >= _LONGEST:  # a line so long is given in parts
                end = len(rest) - len(rest) % width
            if end:
                yield encoding.utf8(rest[:end])
                rest = rest[end:]
        if rest and not cut:
            yield encoding.utf8(rest) + b"\n"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
