"""Turns an event loop beside a test, so that what blocks it does not block the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Any, Self, TypeVar

from svcctl.errors import TimedOut
from svcctl.testing.standing import standing

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread of its own; a context manager that begins and ends it.

    A loop that is blocked for ever is left behind: its thread does not keep the process alive.
    """

    def __enter__(self) -> Self:
        """Begin to turn."""
        begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

        async def turn() -> None:
            over = asyncio.Event()
            begun.set_result((asyncio.get_running_loop(), over))
            await over.wait()

        self._thread = threading.Thread(
            target=lambda: asyncio.run(turn()), name="svcctl-trial", daemon=True
        )
        self._thread.start()
        self._loop, self._over = begun.result()
        self.is_blocked = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what is left in it, and end it."""
        if not self.is_blocked:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def run(self, work: Coroutine[Any, Any, T], *, limit: float) -> T:
        """Do *work* there, and give what it gives or raise what it raises.

        Raises TimedOut once the loop does not turn for *limit* seconds, and says where it stands.
        """

        async def told() -> tuple[T | None, BaseException | None]:
            try:
                return await work, None
            except BaseException as error:  # noqa: BLE001 - SystemExit too would end the loop
                return None, error

        if self.is_blocked:
            work.close()
            raise self._blocked(limit)
        outcome = asyncio.run_coroutine_threadsafe(told(), self._loop)
        while not wait((outcome,), timeout=limit / 2).done:
            self._insist_it_turns(limit)
        value, error = outcome.result()
        if error is not None:
            raise error
        return value  # type: ignore[return-value]

    def _insist_it_turns(self, limit: float) -> None:
        turned = threading.Event()
        self._loop.call_soon_threadsafe(turned.set)
        if not turned.wait(limit / 2):
            self.is_blocked = True
            raise self._blocked(limit)

    def _blocked(self, limit: float) -> TimedOut:
        return TimedOut(
            f"the event loop was blocked for {limit:g}s: {standing((), (self._thread,))}",
            hint="await something there, or make it a plain function: that is called in a thread",
        )
