"""What a service whose ``run`` is a plain function is given: the context, for a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from svcctl.errors import UsageError
from svcctl.sdk.context import Context, Length
from svcctl.sdk.files import placed
from svcctl.sdk.logs.logger import Logger
from svcctl.sdk.waiting import elsewhere

if TYPE_CHECKING:
    from socket import socket

    from svcctl.sdk.durable.state import State

T = TypeVar("T")


class ThreadContext:
    """The same as :class:`svcctl.sdk.context.Context`, with calls that block.

    What is async there, such as the state, is waited for: ``ctx.wait(ctx.state.get("sent"))``,
    ``with ctx.within(ctx.queue("mail").take()) as job``.
    """

    def __init__(self, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        self._context, self._loop = context, loop
        self.retry, self.breaker, self.limit = context.retry, context.breaker, context.limit
        self.queue, self.saga = context.queue, context.saga
        self.metric, self.health, self.folder = context.metric, context.health, context.folder

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
    def config_version(self) -> int:
        """Give the number of the configuration in force."""
        return self._context.config_version

    @property
    def state(self) -> State:
        """Give what it remembers over restarts; wait for what its methods give."""
        return self._context.state

    def restart(self, reason: str, *, keep: Sequence[socket] = ()) -> None:
        """Stop in order, then run this program anew; see Context."""

        async def asked() -> None:
            self._context.restart(reason, keep=keep)

        self._wait(asked())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for *work*, which is done in the service's loop, and give what it gives."""
        return self._wait(work)

    @contextmanager
    def within(self, block: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter *block* in the service's loop, and leave it there however this one ends."""
        entered = self._wait(_entered(block))
        try:
            yield entered
        except BaseException as error:
            if not self._wait(_left(block, error)):
                raise
        else:
            self._wait(_left(block, None))

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

    def now(self) -> float:
        """Give the time of day, in seconds since 1970, by the clock that all of this goes by."""
        return self._context.now()

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
        with self.within(self._context.work(name)):
            yield

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
        placed(resource, self.folder)
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


async def _entered(block: AbstractAsyncContextManager[T]) -> T:
    return await block.__aenter__()


async def _left(block: AbstractAsyncContextManager[Any], error: BaseException | None) -> bool:
    """Leave *block* with *error*; say whether it was taken care of."""
    if error is None:
        await block.__aexit__(None, None, None)
        return True
    return bool(await block.__aexit__(type(error), error, error.__traceback__))
