"""Keeps an eye on services of native managers: hears their hosts, and asks the managers else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from svcctl.app.native_hosts import NativeHosts
from svcctl.app.native_log import NativeLog
from svcctl.app.native_view import NativeView
from svcctl.app.natives import KeptNatively, Natives
from svcctl.errors import SvcctlError
from svcctl.ports import Clock, InstanceStatus, Recorded, Store, Timer
from svcctl.sdk.waiting import in_thread

log = logging.getLogger(__name__)

_SOON, _SLOWER = 0.25, 2.0  # seconds until the next look, and how much longer each one takes
_SELDOM = 60.0  # seconds between two looks where a manager says itself what changes
_RUNS = "running"


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
        self._hosts = NativeHosts(
            view, natives, self._told, clock=clock, changed=changed, ended=self._stir
        )
        self._wait = _SOON
        self._nudge: Timer | None = None
        self._again: asyncio.Event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look from now on; needs a running event loop."""
        self._natives.pages = self._hosts.pages
        self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Look no more; what was heard is remembered."""
        if self._task:
            self._task.cancel()
        self._hosts.close()
        if self._nudge:
            self._nudge.cancel()

    # whom to look at, and when

    async def _run(self) -> None:
        cancel, tells = self._view.notice(self._noticed)
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

    def _noticed(self, name: str) -> None:
        """Look soon; a host that speaks says more, and some services change all the time."""
        if not name:
            self._stir()
        elif name not in self._hosts.heard and self._nudge is None:
            self._wait = _SOON
            self._nudge = self._clock.later(_SOON, self._nudged)

    def _nudged(self) -> None:
        self._nudge = None
        self._again.set()

    def _stir(self) -> None:
        """Look at once, and soon again: what changes takes a few moments to settle."""
        self._wait = _SOON
        self._again.set()

    async def _rest(self, *, tells: bool) -> None:
        """Come back when there is something to look at; with nothing to see no timer waits."""
        wait = None if tells else self._every
        if self._hosts.silent():
            slowest = _SELDOM if self._view.managers_tell else self._every
            wait, self._wait = self._wait, min(self._wait * _SLOWER, slowest)
        timer = None if wait is None else self._clock.later(wait, self._again.set)
        try:
            await self._again.wait()
        finally:
            if timer:
                timer.cancel()

    async def _look(self) -> None:
        kept, unread = await in_thread("native services", self._view.kept)
        problems = dict(unread)
        changed = self._take_over(kept)
        await self._hosts.speak_up()
        if silent := self._hosts.silent():
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
        for name in self._hosts.silent():
            if name in rows:  # it has not spoken up, nor gone, while others were asked
                is_new |= self._natives.saw(name, rows[name], now=self._clock.now())
                if self._should_speak(name, rows[name]):
                    problems[name] = self._hosts.refused[name]
        return is_new

    def _should_speak(self, name: str, rows: Iterable[InstanceStatus]) -> bool:
        """Say whether a host that does not speak is there, and has had time to begin."""
        runs = any(each.phase == _RUNS for each in rows)
        return runs and name in self._hosts.refused and self._wait >= self._every

    def _take_over(self, kept: Mapping[str, KeptNatively]) -> bool:
        gone = (self._natives.kept.keys() | self._told.known) - kept.keys()
        for name in kept.keys() - self._natives.kept.keys():
            self._told.meet(name)
        for name in gone:
            self._hosts.forget(name)
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
            if name not in self._hosts.heard:
                self._told.tell(name, missed)

    def _say(self, problems: Mapping[str, str]) -> None:
        """Keep what cannot be seen, and log it once."""
        for name, problem in problems.items():
            if self._natives.problems.get(name) != problem:
                log.warning("natives.unseen", extra={"service": name, "problem": problem})
        self._natives.problems = dict(problems)
