"""Remembers the last records of a log, for whoever has to tell what came before a crash."""

from __future__ import annotations

from collections import deque

from svcctl.sdk.logs.sink import Sink

_MOST = 50


class Recent:
    """Passes everything on to another sink, and knows what it passed on last."""

    __slots__ = ("_last", "_sink")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._last: deque[bytes] = deque(maxlen=_MOST)

    def lines(self) -> list[str]:
        """Give the last records, oldest first; waits for no lock."""
        return [each.decode(errors="replace").rstrip("\n") for each in self._last.copy()]

    def write(self, record: bytes, level: int) -> None:
        """Pass it on."""
        self._last.append(record)
        self._sink.write(record, level)

    def flush(self) -> None:
        """Flush the other."""
        self._sink.flush()

    def close(self) -> None:
        """Close the other."""
        self._sink.close()
