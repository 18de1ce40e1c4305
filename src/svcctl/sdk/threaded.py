"""What a service whose ``run`` is a plain function is given: the context, for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from svcctl.errors import UsageError
from svcctl.sdk.context import Context, Length
from svcctl.sdk.logs.logger import Logger
from svcctl.sdk.waiting import elsewhere

T = TypeVar("T")


class ThreadContext:
    """The same as :class:`svcctl.sdk.context.Context`, with calls that block."""

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._context, self._loop = context, loop

    @property
    def name(self) -> str:
        """What the service is called."""
        return self._context.name

    @property
    def log(self) -> Logger:
        """Its log."""
        return self._context.log

    @property
    def config(self) -> Any:
        """Its configuration, as it is now."""
        return self._context.config

    @property
    def stopping(self) -> bool:
        """Say whether the service has been told to stop."""
        return self._context.stopping

    @property
    def paused(self) -> bool:
        """Say whether the service is to stand still."""
        return self._context.paused

    def ready(self) -> None:
        """Tell the manager that the service runs."""
        self._loop.call_soon_threadsafe(self._context.ready)

    def status(self, text: str) -> None:
        """Say in a line how it goes."""
        self._loop.call_soon_threadsafe(self._context.status, text)

    def sleep(self, length: Length) -> bool:
        """Come back after *length*, later while paused; at once, with False, when it stops."""
        return self._wait(self._context.sleep(length))

    def stopped(self) -> None:
        """Come back once the service has been told to stop."""
        self._wait(self._context.stopped())

    def ticks(self, period: Length | Callable[[], Length]) -> Iterator[int]:
        """Give 0, 1, 2... one each *period*, the first at once, until the service stops."""
        ticks = self._context.ticks(period)
        while (tick := self._wait(anext(ticks, None))) is not None:
            yield tick

    @contextmanager
    def work(self, name: str = "work") -> Iterator[None]:
        """Count a piece of work while the block lasts; raises Conflict once the service stops."""
        piece = self._context.work(name)
        self._wait(piece.__aenter__())
        try:
            yield
        finally:
            self._wait(piece.__aexit__(None, None, None))

    def use(self, resource: T, *, timeout: Length = "10s", name: str = "") -> Any:
        """Open a plain context manager, or keep something with ``close``, until the service ends.

        Raises UsageError for what is async.
        """
        if not isinstance(resource, AbstractContextManager):
            close = getattr(resource, "close", None)
            if not callable(close):
                raise UsageError(
                    f"{type(resource).__qualname__} cannot be closed from a plain run()",
                    hint="write: async def run(self, ctx)",
                )
            self.on_stop(close, timeout=timeout, name=name or type(resource).__qualname__)
            return resource
        entered, leave = resource.__enter__(), resource.__exit__
        name = name or type(resource).__qualname__
        self.on_stop(lambda: leave(None, None, None), timeout=timeout, name=name)
        return entered

    def on_stop(
        self, call: Callable[[], object], *, timeout: Length = "10s", name: str = ""
    ) -> None:
        """Make a call when it comes to the turn of what was opened before it."""

        async def noted() -> None:
            self._context.on_stop(call, timeout=timeout, name=name)

        self._wait(noted())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        async def waited() -> T:
            with elsewhere(-1):
                return await work

        return asyncio.run_coroutine_threadsafe(waited(), self._loop).result()
