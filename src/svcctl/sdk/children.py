"""Runs what a service has spawned beside itself, and runs it again when it fails: supervision."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from svcctl.engine.backoff import wait
from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import Noted, unnoted
from svcctl.sdk.waiting import failure, sleep, wants_an_end

log = logging.getLogger(__name__)

Restart = Literal["never", "on-failure", "always"]
Strategy = Literal["one_for_one", "rest_for_one"]
Failed = Callable[[str, BaseException], None]

_MOST, _WINDOW = 5, 60.0  # restarts within so many seconds, after which a tree gives up
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0  # seconds


@dataclass(frozen=True, slots=True)
class _Child:
    """Something spawned."""

    name: str
    call: Callable[[], Awaitable[object]]
    restart: Restart


class Tree:
    """Things that are run together, in the order in which they were spawned."""

    def __init__(
        self, strategy: Strategy, *, clock: Clock, failed: Failed, noted: Noted = unnoted
    ) -> None:
        self._strategy, self._clock, self._failed = strategy, clock, failed
        self._noted = noted
        self._children: list[_Child] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._restarts: deque[float] = deque(maxlen=_MOST)
        self._ending = False

    def spawn(
        self,
        call: Callable[[], Awaitable[object]],
        *,
        name: str = "",
        restart: Restart = "on-failure",
    ) -> None:
        """Run a coroutine function; see :meth:`svcctl.sdk.context.Context.spawn`.

        Raises UsageError where one of that name was spawned already.
        """
        name = name or getattr(call, "__name__", "child")
        if any(each.name == name for each in self._children):
            raise UsageError(f"{name!r} is spawned already", hint="give the second one name=...")
        child = _Child(name, call, restart)
        self._children.append(child)
        self._begin(child)

    @property
    def running(self) -> tuple[str, ...]:
        """Name those that run."""
        return tuple(name for name, task in self._tasks.items() if not task.done())

    def cut(self) -> None:
        """Cancel all, and begin none again."""
        self._ending = True
        for each in self._tasks.values():
            each.cancel()

    async def ended(self) -> None:
        """Come back once none runs."""
        if tasks := set(self._tasks.values()):
            await asyncio.wait(tasks)

    def _begin(self, child: _Child, *, after: float = 0.0) -> None:
        self._tasks[child.name] = asyncio.create_task(
            self._keep(child, after), name=f"child {child.name}"
        )

    async def _keep(self, child: _Child, after: float) -> None:
        if after:
            await sleep(self._clock, after)
        error = await failure(child.call())
        if error is not None:
            self._ended_badly(child, error)
        elif child.restart == "always" and not self._ending:
            self._again(child, None)

    def _ended_badly(self, child: _Child, error: BaseException) -> None:
        if self._ending:
            log.warning("child.failed-late", extra={"child": child.name, "problem": repr(error)})
        elif child.restart == "never" or wants_an_end(error):
            self._failed(f"child {child.name}", error)
        else:
            self._noted(f"child {child.name}", error)
            self._again(child, error)

    def _again(self, child: _Child, error: BaseException | None) -> None:
        """Begin it anew, and with it those that build on it; give up where that comes too often."""
        now = self._clock.monotonic()
        if len(self._restarts) == _MOST and now - self._restarts[0] < _WINDOW:
            many = RuntimeError(f"{child.name!r} was run again {_MOST} times in {_WINDOW:g}s")
            self._failed(f"child {child.name}", error or many)
            return
        self._restarts.append(now)
        tries = sum(now - each < _WINDOW for each in self._restarts)
        after = wait(
            tries,
            first=_FIRST_WAIT,
            factor=2.0,
            most=_LONGEST_WAIT,
            jitter=0.2,
            chance=random.random(),  # noqa: S311 - no secret
        )
        log.warning(
            "child.restarted", exc_info=error, extra={"child": child.name, "after": round(after, 3)}
        )
        followers = self._followers(child)
        for each in reversed(followers):
            self._tasks[each.name].cancel()
        self._begin(child, after=after)
        for each in followers:
            self._begin(each, after=after)

    def _followers(self, child: _Child) -> list[_Child]:
        if self._strategy == "one_for_one":
            return []
        later = self._children[self._children.index(child) + 1 :]
        return [each for each in later if not self._tasks[each.name].done()]


class Children:
    """All trees of a service; *failed* is told of an error that is to end it."""

    def __init__(self, *, clock: Clock, failed: Failed, noted: Noted = unnoted) -> None:
        """*noted* is given the errors of those that are run again."""
        self._clock, self._failed, self._noted = clock, failed, noted
        self._trees: list[Tree] = []

    def spawn(self, call: Callable[[], Awaitable[object]], *, name: str, restart: Restart) -> None:
        """Spawn in the first tree, whose children have nothing to do with each other."""
        tree = self._trees[0] if self._trees else self.tree("one_for_one")
        tree.spawn(call, name=name, restart=restart)

    def tree(self, strategy: Strategy) -> Tree:
        """Plant another tree."""
        planted = Tree(strategy, clock=self._clock, failed=self._failed, noted=self._noted)
        self._trees.append(planted)
        return planted

    @property
    def running(self) -> tuple[str, ...]:
        """Name all that run."""
        return tuple(name for each in self._trees for name in each.running)

    async def end(self) -> None:
        """Cancel all, the newest tree first, and come back once none runs."""
        for each in reversed(self._trees):
            each.cut()
            await each.ended()
