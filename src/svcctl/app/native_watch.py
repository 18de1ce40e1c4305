"""Keeps an eye on services of native managers: hears their hosts, and asks the managers else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, cast

from svcctl.app.native_log import NativeLog
from svcctl.app.natives import KeptNatively, Natives
from svcctl.errors import SvcctlError
from svcctl.ports import Cancel, Clock, InstanceStatus, Recorded, Store
from svcctl.sdk.waiting import in_thread
from svcctl.wire import Request

log = logging.getLogger(__name__)

_ALL = 10_000  # events of one host that are read at once
_SOON, _SLOWER = 0.25, 2.0  # seconds until the next look, and how much longer each one takes
_PATIENCE = 10.0  # seconds a host gets to answer
_PAGE_PATIENCE = 2.0  # likewise for numbers: who scrapes does not wait for long
_RUNS = "running"
_AT_ONCE = 1.0  # seconds it gets until we ask its manager


class Spoken(Protocol):
    """A conversation with a host; see :class:`svcctl.client.conversation.Conversation`."""

    async def ask(self, request: Request) -> object: ...
    async def items(self, request: Request) -> list[object]: ...
    def answers(self, request: Request) -> AsyncIterator[tuple[bool, object]]: ...


class NativeView(Protocol):
    """The native managers of this machine, as far as we may look; a call may take its time."""

    @property
    def managers_tell(self) -> bool:
        """The managers say when one of their services changes, so that nobody has to look."""

    def kept(self) -> tuple[Mapping[str, KeptNatively], Mapping[str, str]]:
        """Give what is registered, and by name why some of it cannot be read."""

    def standing(self, names: Collection[str]) -> Mapping[str, list[InstanceStatus]]:
        """Say how services are, as their managers see it; raises SvcctlError."""

    def missed(self, name: str, after: int) -> list[Recorded]:
        """Give what the host of *name* wrote down after number *after*; raises SvcctlError."""

    def rows(self, name: str, said: object) -> list[InstanceStatus]:
        """Give how a service is, by what its host *said*; raises SvcctlError."""

    def converse(self, name: str) -> AbstractAsyncContextManager[Spoken]:
        """Begin a conversation with the host of *name*; raises AgentUnreachable."""

    def notice(self, call: Callable[[], None]) -> tuple[Cancel, bool]:
        """Make *call* when something may have changed; say whether registrations are told of."""


class NativeWatch:
    """Hears the host of every native service, from :meth:`begin` to :meth:`close`.

    What was heard is remembered in *store*, so that nothing is heard twice and nothing passed
    over, whoever was away meanwhile.  Who has no host, or none that answers, is looked at through
    the manager: when that tells, or every *every* seconds at most.  *changed* is called when
    services come, go, or are seen for the first time.
    """

    def __init__(
        self,
        view: NativeView,
        natives: Natives,
        *,
        store: Store,
        clock: Clock,
        changed: Callable[[], None],
        every: float = 10.0,
    ) -> None:
        self._view, self._natives = view, natives
        self._clock, self._changed = clock, changed
        self._every = every
        self._told = NativeLog(natives, store=store, clock=clock, slack=every)
        self._talks: dict[str, asyncio.Task[None]] = {}
        self._heard: set[str] = set()
        self._refused: dict[str, str] = {}
        self._wait = _SOON
        self._again: asyncio.Event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look from now on; needs a running event loop."""
        self._natives.pages = self.pages
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Look no more; what was heard is remembered."""
        if self._task:
            self._task.cancel()
        for each in self._talks.values():
            each.cancel()

    # whom to look at, and when

    async def _run(self) -> None:
        cancel, tells = self._view.notice(self._stir)
        for name in self._natives.kept:
            self._told.meet(name)
        try:
            while True:
                self._again.clear()
                try:
                    await self._look()
                except Exception:  # one that is odd must not end the watch over the rest
                    log.exception("natives.failed")
                await self._rest(tells=tells)
        finally:
            cancel()

    def _stir(self) -> None:
        """Look at once, and soon again: what changes takes a few moments to settle."""
        self._wait = _SOON
        self._again.set()

    async def _rest(self, *, tells: bool) -> None:
        """Come back when there is something to look at; with nothing to see no timer waits."""
        wait = None if tells else self._every
        if self._silent() and (self._wait < self._every or not self._view.managers_tell):
            wait, self._wait = self._wait, min(self._wait * _SLOWER, self._every)
        timer = None if wait is None else self._clock.later(wait, self._again.set)
        try:
            await self._again.wait()
        finally:
            if timer:
                timer.cancel()

    def _silent(self) -> list[str]:
        return [name for name in self._natives.kept if name not in self._heard]

    async def _look(self) -> None:
        kept, unread = await in_thread("native services", self._view.kept)
        problems = dict(unread)
        changed = self._take_over(kept)
        await self._speak_up()
        if silent := self._silent():
            await self._read_missed(silent, problems)
            changed = await self._ask_managers(silent, problems) or changed
        self._say(problems)
        if changed:
            self._changed()

    async def _ask_managers(self, silent: Collection[str], problems: dict[str, str]) -> bool:
        """Take in how those are that say nothing themselves; say whether some were never seen."""
        try:
            rows = await in_thread("native standing", lambda: self._view.standing(silent))
        except SvcctlError as error:
            problems[""] = error.problem
            return False
        is_new = False
        for name in self._silent():
            if name in rows:  # it has not spoken up, nor gone, while others were asked
                is_new |= self._natives.saw(name, rows[name], now=self._clock.now())
                if self._should_speak(name, rows[name]):
                    problems[name] = self._refused[name]
        return is_new

    def _should_speak(self, name: str, rows: Iterable[InstanceStatus]) -> bool:
        """Say whether a host that does not speak is there, and has had time to begin."""
        runs = any(each.phase == _RUNS for each in rows)
        return runs and name in self._refused and self._wait >= self._every

    def _take_over(self, kept: Mapping[str, KeptNatively]) -> bool:
        gone = (self._natives.kept.keys() | self._told.known) - kept.keys()
        for name in kept.keys() - self._natives.kept.keys():
            self._told.meet(name)
        for name in gone:
            if talk := self._talks.get(name):
                talk.cancel()
            self._refused.pop(name, None)
            self._told.forget(name)
        return self._natives.know(kept)

    async def _read_missed(self, silent: Collection[str], problems: dict[str, str]) -> None:
        """Take in what hosts that are gone wrote before they went."""
        after = {e: self._told.last(e) for e in silent if self._natives.kept[e].hosted}

        def read() -> dict[str, list[Recorded]]:
            found: dict[str, list[Recorded]] = {}
            for name, number in after.items():
                try:
                    found[name] = self._view.missed(name, number)
                except SvcctlError as error:
                    problems[name] = error.problem
            return found

        for name, missed in (await in_thread("native past", read)).items():
            if name not in self._heard:
                self._told.tell(name, missed)

    def _say(self, problems: Mapping[str, str]) -> None:
        """Keep what cannot be seen, and log it once."""
        for name, problem in problems.items():
            if self._natives.problems.get(name) != problem:
                log.warning("natives.unseen", extra={"service": name, "problem": problem})
        self._natives.problems = dict(problems)

    # what hosts say

    async def _speak_up(self) -> None:
        """Begin to speak with every host that is there and does not yet."""
        asked: list[asyncio.Future[None]] = []
        for name in self._silent():
            if self._natives.kept[name].hosted and name not in self._talks:
                answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                talk = self._talk(name, answered)
                self._talks[name] = asyncio.create_task(talk, name=f"hear {name}")
                asked.append(answered)
        if asked:
            await asyncio.wait(asked, timeout=_AT_ONCE)

    async def _talk(self, name: str, answered: asyncio.Future[None]) -> None:
        """Hear the host of *name* until it ends; *answered* is set once it has, or does not."""
        try:
            async with self._view.converse(name) as host:
                async with asyncio.timeout(_PATIENCE):
                    await self._catch_up(name, host)
                self._heard.add(name)
                self._refused.pop(name, None)
                answered.set_result(None)
                await self._follow(name, host)
        except (SvcctlError, TimeoutError) as error:
            self._refused[name] = str(error) or "its host does not answer in time"
        except Exception:  # a host of another version must not end the watch over the rest
            log.exception("natives.talk-failed", extra={"service": name})
        finally:
            del self._talks[name]
            if not answered.done():
                answered.set_result(None)
            if name in self._heard:
                self._heard.remove(name)
                self._stir()

    async def _catch_up(self, name: str, host: Spoken) -> None:
        """Take in what happened since we last heard of it, all at once, and how it is now."""
        latest = await host.items(_events(lines=1))
        last = _recorded(latest[0]).number if latest else 0
        if last < self._told.last(name):
            self._told.begin_anew(name)
        seen = self._told.last(name)
        missed = [] if seen == last else await host.items(_events(after=seen))
        rows = self._view.rows(name, await host.ask(Request(verb="status")))
        self._told.tell(name, map(_recorded, missed))
        if self._natives.saw(name, rows, now=self._clock.now()):
            self._changed()

    async def _follow(self, name: str, host: Spoken) -> None:
        """Take in what happens; come back where something was passed over, to catch up."""
        asked = _events(after=self._told.last(name), follow=True)
        async for is_result, item in host.answers(asked):
            if is_result:
                return
            recorded = _recorded(item)
            if recorded.number > self._told.last(name) + 1:
                return
            self._told.tell(name, (recorded,))

    # what hosts count

    async def pages(self) -> Mapping[str, str]:
        """Give what each host that speaks with us counts and measures, as Prometheus reads it."""
        names = sorted(self._heard)
        found = await asyncio.gather(*map(self._page, names))
        return {name: page for name, page in zip(names, found, strict=True) if page}

    async def _page(self, name: str) -> str:
        try:
            async with asyncio.timeout(_PAGE_PATIENCE), self._view.converse(name) as host:
                page = await host.ask(Request(verb="metrics"))
        except (SvcctlError, TimeoutError) as error:
            log.debug("natives.no-page", extra={"service": name, "problem": str(error)})
            return ""
        return str(cast("dict[str, object]", page)["text"])


def _events(*, after: int = 0, lines: int = _ALL, follow: bool = False) -> Request:
    return Request(verb="events", args={"after": after, "lines": lines, "follow": follow})


def _recorded(item: object) -> Recorded:
    return Recorded(**cast("dict[str, Any]", item))
