"""Who is connected: no more than the agent can bear, and whoever does nothing goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 256
"""Connections at once: a fraction of the descriptors a process may have open, 1,024 as a rule."""


class Visits:
    """The connections there are, in the order in which they last began to be idle."""

    def __init__(self) -> None:
        self._writers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._idle: dict[asyncio.Task[None], None] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """All of them."""
        return list(self._writers)

    @contextmanager
    def visit(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> Iterator[bool]:
        """Count *task* while the block lasts; gives whether there is a place for it.

        Where all places are taken, the connection that asked for nothing for the longest time is
        ended, or else one that does not read what it asked for.
        """
        has_place = len(self._writers) < MOST or self._make_place()
        if has_place:
            self._writers[task] = writer
        try:
            yield has_place
        finally:
            self._writers.pop(task, None)
            self._idle.pop(task, None)

    @contextmanager
    def idle(self, task: asyncio.Task[None]) -> Iterator[None]:
        """Say that nothing was asked for while the block lasts."""
        self._idle[task] = None
        try:
            yield
        finally:
            self._idle.pop(task, None)

    def _make_place(self) -> bool:
        leaving = next(iter(self._idle), None) or self._unread()
        if leaving is None:
            return False
        writer = self._writers.pop(leaving)
        self._idle.pop(leaving, None)
        writer.transport.abort()  # what it was never going to read is not waited for
        leaving.cancel()
        return True

    def _unread(self) -> asyncio.Task[None] | None:
        unread = (
            task
            for task, writer in self._writers.items()
            if writer.transport.get_write_buffer_size() > 0
        )
        return next(unread, None)
