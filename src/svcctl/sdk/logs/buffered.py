"""Gathers records before they are written: faster, for what a kill may cost."""

from __future__ import annotations

import atexit
import threading

from svcctl.sdk.logs.forks import renew_after_fork
from svcctl.sdk.logs.levels import ERROR
from svcctl.sdk.logs.sink import Sink

_SIZE = 64 << 10  # bytes
_WITHIN = 0.1  # seconds


class Buffered:
    """Gives records to a file or a descriptor in one piece, after 64 KiB or 100 ms at the latest.

    An error, :meth:`flush`, :meth:`close` and the end of the interpreter write all at once.  A
    ``kill -9``, or a fatal signal, loses what was gathered since.
    """

    def __init__(
        self, sink: Sink, *, size: int = _SIZE, within: float = _WITHIN, urgent: int = ERROR
    ) -> None:
        """Gather *size* bytes, or for *within* seconds; level *urgent* and worse does not wait."""
        self._sink, self._size, self._within, self._urgent = sink, size, within, urgent
        self._gathered: list[bytes] = []
        self._held = 0
        self._thread: threading.Thread | None = None
        self._begin()
        renew_after_fork(self)
        atexit.register(self.flush)

    def write(self, record: bytes, level: int) -> None:
        """Take one record."""
        with self._lock:
            self._gathered.append(record)
            self._held += len(record)
            if level >= self._urgent or self._held >= self._size or self._closed.is_set():
                self._pass_on()
            elif len(self._gathered) == 1:
                self._wake()

    def flush(self) -> None:
        """Write what is gathered."""
        with self._lock:
            self._pass_on()
        self._sink.flush()

    def close(self) -> None:
        """Write what is gathered and close the sink below; what comes later goes there at once."""
        self._closed.set()
        self._waiting.set()
        self.flush()
        self._sink.close()
        atexit.unregister(self.flush)
        thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join()

    def renew(self) -> None:
        """Begin anew in a forked child: what is gathered is the parent's to write."""
        self._gathered, self._held, self._thread = [], 0, None
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a signal may come while it is held
        self._waiting, self._closed = threading.Event(), threading.Event()

    def _wake(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="svcctl-logs", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is about to end, or there are too many
                self._pass_on()
                return
            self._thread = thread
        self._waiting.set()

    def _run(self) -> None:
        """Write what is gathered once it has waited; sleeps while there is nothing."""
        while True:
            self._waiting.wait()
            if self._closed.wait(self._within):
                return
            self._waiting.clear()
            self.flush()

    def _pass_on(self) -> None:
        if self._gathered:
            piece, self._gathered, self._held = b"".join(self._gathered), [], 0
            self._sink.write(piece, self._urgent)
