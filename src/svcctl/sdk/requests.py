"""What is asked of a service while it lives is done one after the other, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from svcctl.errors import Conflict
from svcctl.sdk.waiting import first

Request = Callable[[], Awaitable[object]]


class Requests:
    """Takes requests and sees to them in turn; none of them outlasts *stopping*."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._asked: asyncio.Queue[tuple[Request, asyncio.Future[object]]] = asyncio.Queue()

    def ask(self, call: Request) -> asyncio.Future[object]:
        """Have *call* made when its turn comes; what is given tells what became of it.

        Raises what it raises, and Conflict where the service stops before it is over; nobody has
        to look.
        """
        outcome: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait((call, outcome))
        return outcome

    async def obey(self) -> None:
        """See to whatever is asked, until cancelled."""
        while True:
            call, outcome = await self._asked.get()
            work = asyncio.ensure_future(call())
            if self._stopping.is_set():
                work.cancel()  # it does not even begin
            try:
                await first(asyncio.wait((work,)), self._stopping.wait())
            finally:
                work.cancel()
                await asyncio.wait((work,))
                _pass_on(work, outcome)


def _pass_on(work: asyncio.Future[object], outcome: asyncio.Future[object]) -> None:
    """Give what became of *work* to who waits for it, if anybody does."""
    error = Conflict("the service stops") if work.cancelled() else work.exception()
    if outcome.done():
        return
    if error is None:
        outcome.set_result(work.result())
    else:
        outcome.set_exception(error)
        outcome.exception()  # nobody has to look
