"""What records are given to: anything that takes bytes at once and never fails its caller."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol


class Sink(Protocol):
    """Takes records: each is one JSON object in UTF-8 with a line feed at its end.

    No method raises, and none but *flush* and *close* waits for anything but the local disk or a
    pipe.  All may be called from any thread, also at once.
    """

    def write(self, record: bytes, level: int) -> None:
        """Take one record; *level* is its number, so that it need not be read for that."""

    def flush(self) -> None:
        """See that what was taken is where it belongs, within the sink's time limit."""

    def close(self) -> None:
        """Flush and let go; records that come later are lost.  Harmless when done twice."""


class Fan:
    """Gives each record to several sinks."""

    __slots__ = ("_sinks",)

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def write(self, record: bytes, level: int) -> None:
        """Give it to each, in their order."""
        for sink in self._sinks:
            sink.write(record, level)

    def flush(self) -> None:
        """Flush each."""
        for sink in self._sinks:
            sink.flush()

    def close(self) -> None:
        """Close all at once: it takes as long as the slowest, not as all together."""
        threads: list[threading.Thread] = []
        for sink in self._sinks:
            thread = threading.Thread(target=sink.close, name="svcctl-logs close", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is about to end, or there are too many
                sink.close()
            else:
                threads.append(thread)
        for thread in threads:
            thread.join()


class FromLevel:
    """Gives another sink what is of *level* or worse."""

    __slots__ = ("_level", "_sink")

    def __init__(self, level: int, sink: Sink) -> None:
        self._level, self._sink = level, sink

    def write(self, record: bytes, level: int) -> None:
        """Pass it on if it is grave enough."""
        if level >= self._level:
            self._sink.write(record, level)

    def flush(self) -> None:
        """Flush the other."""
        self._sink.flush()

    def close(self) -> None:
        """Close the other."""
        self._sink.close()
