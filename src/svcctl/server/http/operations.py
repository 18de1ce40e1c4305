"""What is under way longer than who asked wants to wait: to be looked at again, by an id."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial

from svcctl.errors import LimitReached, SvcctlError
from svcctl.ports import Clock
from svcctl.server.http.problem import problem_of

_MOST = 1_000
_KEPT = 3600.0  # seconds that an outcome is kept


@dataclass(slots=True, kw_only=True)
class Operation:
    """One verb under way, or over; *begun_at* and *ended_at* are in seconds since 1970."""

    id: str
    verb: str
    actor: str
    begun_at: float
    work: asyncio.Task[object]
    ended_at: float | None = None

    def document(self) -> dict[str, object]:
        """Give how it stands: ``running``, ``done`` with a result, or ``failed`` with a problem."""
        said: dict[str, object] = {"id": self.id, "verb": self.verb, "begun_at": self.begun_at}
        if not self.work.done():
            return {**said, "state": "running"}
        said["ended_at"] = self.ended_at
        if self.work.cancelled():
            return {**said, "state": "abandoned"}
        error = self.work.exception()
        if error is None:
            return {**said, "state": "done", "result": self.work.result()}
        told = error if isinstance(error, SvcctlError) else SvcctlError("it failed inside svcctl")
        return {**said, "state": "failed", "error": problem_of(told, request_id=self.id)}


class Operations:
    """Those that somebody may still ask about: the last thousand, for an hour after their end."""

    def __init__(self, clock: Clock, *, most: int = _MOST) -> None:
        self._clock, self._most = clock, most
        self._known: dict[str, Operation] = {}

    def begin(self, verb: str, actor: str, work: Coroutine[object, object, object]) -> Operation:
        """Have *work* done whoever waits for it; raises LimitReached where too much is under way.

        What is refused is not begun.
        """
        self._forget_old()
        if len(self._known) >= self._most:
            work.close()
            raise LimitReached(f"{self._most} operations are under way", hint="ask again later")
        operation = Operation(
            id=secrets.token_urlsafe(12),
            verb=verb,
            actor=actor,
            begun_at=self._clock.now(),
            work=asyncio.ensure_future(work),
        )
        operation.work.add_done_callback(partial(self._note_end, operation))
        self._known[operation.id] = operation
        return operation

    def find(self, id: str, actor: str) -> Operation | None:  # noqa: A002 - its name in the path
        """Give the one of that id that *actor* began; others are nobody else's business."""
        found = self._known.get(id)
        return found if found and found.actor == actor else None

    def _forget_old(self) -> None:
        """Forget outcomes of an hour ago, and the oldest where there is no room for others."""
        now, beyond = self._clock.now(), len(self._known) - self._most + 1
        over = sorted((each.ended_at, id) for id, each in self._known.items() if each.ended_at)  # noqa: A001
        for number, (ended_at, each) in enumerate(over):
            if number < beyond or now - ended_at > _KEPT:
                del self._known[each]

    def _note_end(self, operation: Operation, work: asyncio.Task[object]) -> None:
        """Note when it ended, and how, so that an outcome nobody asks for is no complaint."""
        operation.ended_at = self._clock.now()
        if not work.cancelled():
            work.exception()
