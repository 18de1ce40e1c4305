"""Who is connected: no more than the agent can bear, and whoever does nothing goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

MOST = 256
"""Connections at once: a fraction of the descriptors a process may have open, 1,024 as a rule."""

_LAST_WORDS = 1.0  # seconds that work under way gets when the door is closed


class Visits:
    """The connections there are, in the order in which they last began to be idle."""

    def __init__(self) -> None:
        self._writers: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._idle: dict[asyncio.Task[Any], None] = {}

    @contextmanager
    def visit(self, writer: asyncio.StreamWriter) -> Iterator[bool]:
        """Count this task while the block lasts; gives whether there is a place for it.

        Where all places are taken, the connection that asked for nothing for the longest time is
        ended, or else one that does not read what it asked for.
        """
        task = _this_task()
        has_place = len(self._writers) < MOST or self._make_place()
        if has_place:
            self._writers[task] = writer
        try:
            yield has_place
        finally:
            self._writers.pop(task, None)
            self._idle.pop(task, None)

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Say that this task was asked for nothing while the block lasts."""
        task = _this_task()
        self._idle[task] = None
        try:
            yield
        finally:
            self._idle.pop(task, None)

    async def end(self, work: Collection[asyncio.Task[Any]]) -> None:
        """End all of them, once the *work* under way is done or has had a second for it.

        What is not done by then is cancelled, as far as a visitor waits for it.
        """
        if work:
            await asyncio.wait(work, timeout=_LAST_WORDS)
            await asyncio.sleep(0)  # for those to be told who wait for it
        visitors = list(self._writers)
        for each in visitors:
            each.cancel()
        await asyncio.gather(*visitors, return_exceptions=True)

    def _make_place(self) -> bool:
        leaving = next(iter(self._idle), None) or self._unread()
        if leaving is None:
            return False
        writer = self._writers.pop(leaving)
        self._idle.pop(leaving, None)
        writer.transport.abort()  # what it was never going to read is not waited for
        leaving.cancel()
        return True

    def _unread(self) -> asyncio.Task[Any] | None:
        unread = (
            task
            for task, writer in self._writers.items()
            if writer.transport.get_write_buffer_size() > 0
        )
        return next(unread, None)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "visits are tasks"
    return task
