"""Does to a service what only a bug would do: an error in ``run``, a loop that hangs."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from svcctl.sdk.context import Context
from svcctl.sdk.threaded import ThreadContext
from svcctl.sdk.waiting import in_thread


class CrashOnPurpose(Exception):
    """Raised in ``run`` because the debugger was told to crash the service."""


class Sabotage:
    """Strikes the ``run`` it was given, for as long as that lasts; harmless before and after."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fire: Callable[[], None] | None = None

    def crash(self) -> None:
        """Raise :class:`CrashOnPurpose` where ``run`` waits; may be called in any thread.

        It comes as a cancellation: a run that ignores those goes on.
        """
        if self._loop and self._fire:
            self._loop.call_soon_threadsafe(self._fire)

    def hang(self, until: Callable[[], object]) -> None:
        """Have the event loop do nothing but *until*; may be called in any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(until)

    def of(self, run: Callable[..., object]) -> Callable[..., object]:
        """Give *run* as one that can be struck; a plain one is given up in its thread."""

        async def endangered(context: Context) -> object:
            async with self._armed():
                if inspect.iscoroutinefunction(run):
                    return await run(context)
                plain = ThreadContext(context, asyncio.get_running_loop())
                return await in_thread("run", lambda: run(plain))

        return endangered

    @asynccontextmanager
    async def _armed(self) -> AsyncIterator[None]:
        task, fired = asyncio.current_task(), False
        assert task is not None
        pending = task.cancelling()

        def fire() -> None:
            nonlocal fired
            fired = True
            task.cancel()

        self._loop, self._fire = asyncio.get_running_loop(), fire
        try:
            yield
        except asyncio.CancelledError as error:
            if fired and task.uncancel() <= pending:
                raise CrashOnPurpose("the debugger was told to crash it") from error
            raise
        finally:
            self._loop = self._fire = None
