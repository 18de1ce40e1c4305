"""Has a change made once, however often it is sent with the same ``idempotency-key``.

The keys are those of HTTP: on the disk before anything is begun, for a day.  A change goes on when
its caller has gone; whoever asks again with its key is told what came of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from svcctl.errors import SvcctlError
from svcctl.server.idempotency import Given, Wish
from svcctl.server.idempotency_keys import Keys
from svcctl.wire import error_document, to_error

Work = Callable[[], Awaitable[bytes]]

_DONE, _FAILED = 0, 1  # the status of an answer that is kept


class Once:
    """Answers wishes: each is carried out by whoever comes first with its key."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._under_way: set[asyncio.Task[bytes]] = set()

    async def reply(self, wish: Wish, work: Work) -> tuple[bytes, bool]:
        """Give what *work* gives, and whether it did so before.

        Raises what it raises, or raised before, and what a key that cannot be used does.
        """
        known = self._keys.begin(wish)
        if known is not None:
            if known.status == _FAILED:
                raise to_error(json.loads(known.body))
            return known.body, True
        task = asyncio.ensure_future(self._done(wish, work))
        self._under_way.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task), False

    async def _done(self, wish: Wish, work: Work) -> bytes:
        try:
            reply = await work()
        except SvcctlError as error:
            told = json.dumps(error_document(error)).encode()
            self._keys.fail(wish, error, lambda: Given(status=_FAILED, body=told))
            raise
        except BaseException:
            self._keys.give_up(wish)
            raise
        self._keys.finish(wish, Given(status=_DONE, body=reply))
        return reply

    def _over(self, task: asyncio.Task[bytes]) -> None:
        """Take note of how it ended, so that an outcome nobody waits for is no complaint."""
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()
