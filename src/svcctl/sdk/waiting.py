"""Waits by a clock that a test may own, where asyncio only knows its loop's."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar

from svcctl.ports import Clock

T = TypeVar("T")


async def sleep(clock: Clock, seconds: float) -> None:
    """Come back once *seconds* have passed on *clock*."""
    passed = asyncio.Event()
    timer = clock.later(seconds, passed.set)
    try:
        await passed.wait()
    finally:
        timer.cancel()


async def first(*waits: Awaitable[object]) -> None:
    """Come back once one of *waits* is over and the others are cancelled; raise what it raised."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)
    for each in tasks:  # asyncio.gather() keeps its cancellation as an error
        if not each.cancelled() and not isinstance(each.exception(), asyncio.CancelledError):
            each.result()


async def failure(work: Awaitable[object]) -> BaseException | None:
    """Give what *work* raises, None where it comes back; a cancellation of its task is raised.

    It may be the wish to end (SystemExit), or the cancellation of something that *work* waited for.
    """
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        await work
    except asyncio.CancelledError as error:
        if task.cancelling() > before:
            raise
        return error
    except (Exception, BaseExceptionGroup, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
        return error
    return None


def wants_an_end(error: BaseException) -> bool:
    """Say whether it is no fault: sys.exit(), Ctrl-C."""
    return isinstance(error, (SystemExit, KeyboardInterrupt))


@asynccontextmanager
async def limited(clock: Clock, seconds: float | None) -> AsyncIterator[None]:
    """Cancel what the block does after *seconds* on *clock*, and raise TimeoutError; None: never.

    As :func:`asyncio.timeout`: it stays in its task, and a cancellation from outside stays one.
    """
    task = asyncio.current_task()
    assert task is not None
    if seconds is None:
        yield
        return
    pending, fired = task.cancelling(), False

    def fire() -> None:
        nonlocal fired
        fired = True
        task.cancel()

    timer = clock.later(seconds, fire)
    try:
        yield
    except BaseException as error:
        ours = fired and task.uncancel() <= pending
        if ours and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error
        raise
    else:
        if fired:
            task.uncancel()
    finally:
        timer.cancel()


class Threads:
    """How many threads are at work for a loop; a test lets no time pass until there are fewer."""

    def __init__(self) -> None:
        self.busy = 0
        self.changed = asyncio.Event()

    def change(self, by: int) -> None:
        """There are more, or fewer."""
        self.busy += by
        self.changed.set()


THREADS: contextvars.ContextVar[Threads | None] = contextvars.ContextVar(
    "svcctl_threads", default=None
)
"""Where threads are counted; nowhere but in a test."""


@contextmanager
def elsewhere(threads: int = 1) -> Iterator[None]:
    """Count a thread as at work while the block waits for it; -1: one that waits for the block."""
    counted = THREADS.get()
    if counted is None:
        yield
        return
    counted.change(threads)
    try:
        yield
    finally:
        counted.change(-threads)


async def in_thread(name: str, call: Callable[[], T]) -> T:
    """Make *call* in a thread of its own, in the context of the caller, and give what it gives.

    Who is cancelled here waits no longer; the thread goes on, and does not keep the process alive.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(put: Callable[[T], None] | Callable[[BaseException], None], value: object) -> None:
        if not outcome.done():
            put(value)  # type: ignore[arg-type]

    def work() -> None:
        try:
            result = context.run(call)
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            put, value = outcome.set_exception, _raisable(error)
        else:
            put, value = outcome.set_result, result  # type: ignore[assignment]
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, put, value)

    threading.Thread(target=work, name=name, daemon=True).start()
    with elsewhere():
        return await outcome


def _raisable(error: BaseException) -> BaseException:
    """Give *error*, or one in its stead where a future cannot carry it."""
    return (
        RuntimeError(f"{type(error).__name__} in a thread")
        if isinstance(error, StopIteration)
        else error
    )
