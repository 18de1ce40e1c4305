"""Work on behalf of who came in from elsewhere, for as long as what they showed holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol, TypeVar

from svcctl.auth.identity import Identity
from svcctl.errors import Unauthenticated
from svcctl.ports import Cancel

T = TypeVar("T")


class Watches(Protocol):
    """Sees whether what somebody showed holds; see :class:`svcctl.auth.doorkeeper.Doorkeeper`."""

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        """Have *call* made once what *identity* showed holds no more."""


async def while_it_holds(watches: Watches, identity: Identity, work: Awaitable[T]) -> T:
    """Give what *work* gives; it is cancelled the moment *identity* is put out.

    Raises Unauthenticated then, LimitReached where they have too much under way, and otherwise what
    *work* raises.  A coroutine is begun only where *identity* holds, and is over in any case.
    """
    task = asyncio.current_task()
    assert task is not None
    is_put_out = False

    def end() -> None:
        nonlocal is_put_out
        if not is_put_out:  # a session and the token it was begun with may end at once
            is_put_out = True
            task.cancel()

    cancel: Cancel | None = None
    try:
        cancel = watches.watch(identity, end)
        if is_put_out:
            await asyncio.sleep(0)  # raises
        result = await work
        if is_put_out:  # just as it ended
            await asyncio.sleep(0)
        return result
    except asyncio.CancelledError:
        if is_put_out and not task.uncancel():
            problem = "what showed who asks was revoked meanwhile, or has expired"
            raise Unauthenticated(problem, hint="log in again") from None
        raise
    finally:
        if cancel:
            cancel()
        if isinstance(work, Coroutine):
            work.close()
