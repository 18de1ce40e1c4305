"""Makes calls that block, such as those of smtplib, without keeping the agent from its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Make *call* in a thread of its own, and give what it gives.

    Who is cancelled here waits no longer; the thread goes on, and does not keep the process alive,
    as those of the event loop would.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def give(result: T) -> None:
        if not outcome.done():
            outcome.set_result(result)

    def fail(error: Exception) -> None:
        if not outcome.done():
            outcome.set_exception(error)

    def work() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
            _tell(loop, fail, error)
        else:
            _tell(loop, give, result)

    threading.Thread(target=work, name="alert", daemon=True).start()
    return await outcome


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], value: T) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(call, value)
