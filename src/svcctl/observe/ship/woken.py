"""Lets a thread that waits for logs to change be woken, and find logs that are new."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterable
from contextlib import suppress

from svcctl.observe.logs.tail.changes import Inotify

_NEW = "new"  # the name of no log


class Woken:
    """*changes*, and whoever calls :meth:`wake` from another thread: it looks for new logs then."""

    def __init__(self, changes: Inotify) -> None:
        self._changes = changes
        self._ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._is_open = True

    def wake(self) -> None:
        """Have :meth:`wait` come back."""
        with self._lock:
            if self._is_open:
                with suppress(BlockingIOError):  # it is full of the same
                    os.write(self._ends[1], b"!")

    def watch(self, folders: set[str]) -> None:
        """See :class:`svcctl.observe.logs.tail.changes.Changes`."""
        self._changes.watch(folders)

    def wait(self, seconds: float) -> None:
        """See :class:`svcctl.observe.logs.tail.changes.Changes`."""
        waiting = select.poll()
        waiting.register(self._changes.fileno(), select.POLLIN)
        waiting.register(self._ends[0], select.POLLIN)
        waiting.poll(seconds * 1000)

    def take(self) -> set[str] | None:
        """See :class:`svcctl.observe.logs.tail.changes.Changes`."""
        found = self._changes.take()
        was_woken = False
        with suppress(BlockingIOError):
            was_woken = bool(os.read(self._ends[0], 4096))
        return found | {_NEW} if was_woken and found is not None else found

    def close(self) -> None:
        """See :class:`svcctl.observe.logs.tail.changes.Changes`."""
        with self._lock:
            self._is_open = False
        self._changes.close()
        for each in self._ends:
            os.close(each)


def globs_of(logs: str, services: Iterable[str], streams: Iterable[str]) -> list[str]:
    """Give what fits the captured logs, in the folder *logs*, of *services* (with ``*``, ``?``)."""
    from glob import escape  # noqa: PLC0415 - agents that ship

    return [f"{escape(logs)}/{name}/*/{stream}.log" for name in services for stream in streams]
