"""Ends what is left of a tree, and waits for the last death without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from svcctl.ports import Member
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    SYNCHRONIZE,
    close_handle,
    open_process,
)
from svcctl.system.windows.tree import Tree
from svcctl.system.windows.watch_exit import ExitWatch

Then = Callable[[tuple[Member, ...]], None]


class Sweep:
    """One sweep of one tree; tells *then* whom it ended, once all are gone.

    Each process is waited for, because the message that a job is empty may never come, see
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tree: Tree,
        then: Then,
        *,
        terminate: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._tree = tree
        self._then = then
        self._terminate = terminate
        self._waiting: dict[int, ExitWatch] = {}
        self._ended: dict[int, Member] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._patient = False

    def start(self, *, grace: float = 0.0) -> None:
        """Begin; what is there gets *grace* seconds to end by itself."""
        if grace > 0 and self._tree.everyone():
            self._patient = True
            self._timer = self._loop.call_later(grace, self._grace_is_over)
        self._round()

    def has_nobody_left(self) -> bool:
        """Say whether all are gone, which another sweep may have come to know first."""
        return not self._tree.everyone()

    def conclude(self) -> None:
        """Tell whom it ended; all of them are gone."""
        self.cancel()
        self._then(tuple(self._ended.values()))

    def cancel(self) -> None:
        """Wait for nobody any more, and tell nobody."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for process in tuple(self._waiting):
            self._forget(process)

    def _grace_is_over(self) -> None:
        self._patient = False
        self.cancel()
        self._round()

    def _round(self) -> None:
        """End whoever is left, and wait for them; nobody is: it is over."""
        left = self._tree.everyone()
        if not self._patient and left:
            self._ended.update((each.pid, each) for each in self._tree.members())
            self._terminate()
        for each in left:
            self._await(each.pid)
        if not self._waiting:
            self.conclude()

    def _await(self, pid: int) -> None:
        process = open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE)
        if process is not None:
            self._waiting[process] = ExitWatch(
                self._loop, process, lambda: self._one_is_gone(process)
            )

    def _one_is_gone(self, process: int) -> None:
        self._forget(process)
        if not self._waiting:
            self._round()

    def _forget(self, process: int) -> None:
        self._waiting.pop(process).cancel()
        close_handle(process)
