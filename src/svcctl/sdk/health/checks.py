"""Asks the checks of a service how it is, without ever waiting longer than each may take."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext, suppress

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.health.result import Group, Health, Result, Status, result_of, worst
from svcctl.sdk.lengths import seconds
from svcctl.sdk.redaction import shown_text
from svcctl.sdk.waiting import elsewhere

Check = Callable[[], object] | Callable[[], Awaitable[object]]
"""A plain function is called in a thread of its own, a coroutine function in the event loop."""


class Checks:
    """The checks of one service; to be used from its event loop."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._checks: dict[str, tuple[frozenset[Group], _Asked]] = {}

    def add(
        self,
        name: str,
        check: Check,
        *,
        groups: Iterable[Group] = (Group.READY,),
        timeout: str | float = 2.0,
        cache: str | float = 1.0,
    ) -> None:
        """Ask *check* too when one of *groups* is looked at.

        It says that all is well by returning, and what is wrong by raising, by False, or by a
        Result.  It fails after *timeout* (``"500ms"``, or seconds), and is asked again once its
        answer is older than *cache*.  Raises UsageError where *name* is taken, SpecError where a
        text is no length of time.
        """
        if name in self._checks:
            raise UsageError(f"there is a check {name!r} already", hint="give it another name")
        asked = _Asked(
            name, check, timeout=seconds(timeout), cache=seconds(cache), clock=self._clock
        )
        self._checks[name] = (frozenset(groups), asked)

    def remove(self, name: str) -> None:
        """Ask it no more; one that is not there is no error."""
        self._checks.pop(name, None)

    async def look(self, group: Group | None = None) -> Health:
        """Say how the checks of *group* are, of all where there is none; ``ready`` includes live.

        Takes no longer than the longest time limit among them.  A check is never asked twice at a
        time: who comes meanwhile gets the same answer.  Cancelled, it leaves them running for the
        others.
        """
        asked = {
            name: each for name, (groups, each) in self._checks.items() if _fits(groups, group)
        }
        results = await asyncio.gather(*(each.result() for each in asked.values()))
        return Health(
            status=worst(each.status for each in results),
            checks=dict(zip(asked, results, strict=True)),
        )

    async def close(self) -> None:
        """Cancel what is under way; threads that hang are left behind."""
        for _, each in self._checks.values():
            await each.close()


def _fits(groups: frozenset[Group], group: Group | None) -> bool:
    match group:
        case None:
            return True
        case Group.READY:
            return bool(groups & {Group.READY, Group.LIVE})
        case _:
            return group in groups


class _Asked:
    """One check: its last answer, and the one under way."""

    def __init__(
        self, name: str, check: Check, *, timeout: float, cache: float, clock: Clock
    ) -> None:
        self._name, self._check = name, check
        self._timeout, self._cache, self._clock = timeout, cache, clock
        self._verdict: asyncio.Future[Result] | None = None
        self._task: asyncio.Task[None] | None = None
        self._runs = False
        self._began = self._answered_at = 0.0

    async def result(self) -> Result:
        """Give the answer that holds, or ask and wait for one."""
        if self._verdict is None or (self._verdict.done() and not self._holds()):
            if self._runs:
                return self._hangs()
            self._verdict = self._ask()
        with nullcontext() if inspect.iscoroutinefunction(self._check) else elsewhere():
            return await asyncio.shield(self._verdict)

    async def close(self) -> None:
        """Cancel what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _holds(self) -> bool:
        return self._clock.monotonic() - self._answered_at < self._cache

    def _hangs(self) -> Result:
        since = self._clock.monotonic() - self._began
        return _down(f"no answer for {since:.1f}s; it still runs")

    def _ask(self) -> asyncio.Future[Result]:
        """Start a run; the verdict is what it says in time, or that it did not."""
        verdict: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def conclude(result: Result) -> None:
            if not verdict.done():
                self._answered_at = self._clock.monotonic()
                verdict.set_result(result)

        def ended(result: Result) -> None:
            self._runs = False
            timer.cancel()
            conclude(result)

        def too_late() -> None:
            conclude(_down(f"no answer within {self._timeout:g}s"))
            if self._task is not None:
                self._task.cancel()

        self._runs, self._began = True, self._clock.monotonic()
        timer = self._clock.later(self._timeout, too_late)
        self._start(ended)
        return verdict

    def _start(self, ended: Callable[[Result], None]) -> None:
        if inspect.iscoroutinefunction(self._check):
            self._await(self._check(), ended)
            return
        loop, check = asyncio.get_running_loop(), self._check

        def take(found: object) -> None:
            if inspect.isawaitable(found):
                self._await(found, ended)
            else:
                ended(result_of(found))

        def work() -> None:
            try:
                found: object = check()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - that it fails is its purpose
                found = _failed(error)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(take, found)

        # Not one of the loop's own threads: those are waited for at the program's end.
        threading.Thread(target=work, name=f"check {self._name}", daemon=True).start()

    def _await(self, awaitable: Awaitable[object], ended: Callable[[Result], None]) -> None:
        async def work() -> None:
            result = _down("the check was cancelled")
            try:
                result = result_of(await awaitable)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - that it fails is its purpose
                result = _failed(error)
            finally:
                self._task = None
                ended(result)

        self._task = asyncio.create_task(work(), name=f"check {self._name}")


def _down(problem: str) -> Result:
    return Result(status=Status.DOWN, details={"error": problem})


def _failed(error: BaseException) -> Result:
    return _down(shown_text(f"{type(error).__name__}: {error}"))
