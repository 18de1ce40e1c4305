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
        self._hosts = NativeHosts(view, natives, self._told, changed=changed, ended=self._stir)
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
        changed = self._take_over(kept, unread)
        await self._hosts.speak_up()
        if silent := self._hosts.silent():
            changed = await self._look_at(silent, problems) or changed
        self._say(problems)
        if changed:
            self._changed()

    async def _look_at(self, silent: Collection[str], problems: dict[str, str]) -> bool:
        """Take in what is to be seen of those that say nothing; say whether some are new.

        That is what their managers say, and what hosts wrote that are gone.
        """
        after = {name: self._told.last(name) for name in silent}
        hosted = [name for name in silent if self._natives.kept[name].hosted]

        def look() -> tuple[Mapping[str, list[InstanceStatus]], dict[str, list[Recorded]]]:
            rows = self._standing(silent, problems)
            return rows, self._missed({name: after[name] for name in hosted}, problems)

        rows, missed = await in_thread("native standing", look)
        is_new = False
        for name in set(self._hosts.silent()) & after.keys():  # the others spoke up, or went
            wrote = missed.get(name, [])
            if wrote:
                self._wait = _SOON
            if name not in rows:
                self._told.tell(name, wrote)
                continue
            is_new |= self._told.take_in(
                name, rows[name], wrote, after=after[name], outside=name in missed
            )
            if self._should_speak(name, rows[name]):
                problems[name] = self._hosts.refused[name]
        return is_new

    def _standing(
        self, names: Collection[str], problems: dict[str, str]
    ) -> Mapping[str, list[InstanceStatus]]:
        """Ask the managers of *names* how they are."""
        try:
            return self._view.standing(names)
        except SvcctlError as error:
            problems[""] = error.problem
            return {}

    def _missed(
        self, after: Mapping[str, int], problems: dict[str, str]
    ) -> dict[str, list[Recorded]]:
        """Read what the hosts of services wrote *after* a number, as far as it can be read."""
        found: dict[str, list[Recorded]] = {}
        for name, number in after.items():
            try:
                found[name] = self._view.missed(name, number)
            except SvcctlError as error:
                problems[name] = error.problem
        return found

    def _should_speak(self, name: str, rows: Iterable[InstanceStatus]) -> bool:
        """Say whether a host that does not speak is there, and has had time to begin."""
        runs = any(each.phase == _RUNS for each in rows)
        return runs and name in self._hosts.refused and self._wait >= self._every

    def _take_over(self, kept: Mapping[str, KeptNatively], unread: Collection[str]) -> bool:
        """Take in which there are; what cannot be read now is still there."""
        gone = (self._natives.kept.keys() | self._told.known) - kept.keys()
        for name in kept.keys() - self._natives.kept.keys():
            self._told.meet(name)
        for name in gone:
            self._hosts.forget(name)
            if name not in unread and "" not in unread:
                self._told.forget(name)
        return self._natives.know(kept)

    def _say(self, problems: Mapping[str, str]) -> None:
        """Keep what cannot be seen, and log it once."""
        for name, problem in problems.items():
            if self._natives.problems.get(name) != problem:
                log.warning("natives.unseen", extra={"service": name, "problem": problem})
        self._natives.problems = dict(problems)
