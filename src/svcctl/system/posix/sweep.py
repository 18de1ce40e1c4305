"""Kills what is left of a tree until nothing is, and waits for the last death without polling."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from svcctl.ports import Member
from svcctl.system.posix.descriptors import spare_descriptor
from svcctl.system.posix.pidfd import open_pidfd, send
from svcctl.system.posix.process import Process
from svcctl.system.posix.tree import Tree, as_member

Then = Callable[[tuple[Member, ...]], None]

# A tree that outruns this many looks forks faster than it can be killed; the next round goes on.
_LOOKS = 16
_ROUNDS = 64
_LOOK_AGAIN = 0.05  # seconds, where no descriptor is left to wait with


class Sweep:
    """One sweep of one tree; tells *then* whom it killed, once they are gone.

    Who cannot be killed (a set-uid program of a user's agent) is left alone and not told of.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tree: Tree, then: Then) -> None:
        self._loop = loop
        self._tree = tree
        self._then = then
        self._waiting: dict[int, int] = {}
        self._killed: dict[tuple[int, int], Member] = {}
        self._spared: set[tuple[int, int]] = set()
        self._rounds = 0
        self._timer: asyncio.TimerHandle | None = None
        self._blind: asyncio.TimerHandle | None = None

    def start(self, *, grace: float = 0.0) -> None:
        """Begin; what is there gets *grace* seconds to end by itself."""
        left = self._left()
        if not left:
            self._then(())
        elif grace > 0:
            self._timer = self._loop.call_later(grace, self._grace_is_over)
            for each in left:
                self._await(each)
            self._end_of_round()
        else:
            self._kill_all(left)

    def _grace_is_over(self) -> None:
        self._timer = None
        self._stop_waiting()
        self._kill_all(self._left())

    def _kill_all(self, left: list[Process]) -> None:
        """Kill, and look again at once: what was forked meanwhile must not get away."""
        self._rounds += 1
        if self._tree.group is not None:
            self._tree.group.kill()
        for _ in range(_LOOKS):
            for each in left:
                self._kill(each)
            left = [each for each in self._left() if _key(each) not in self._killed]
            if not left:
                break
        self._end_of_round()

    def _kill(self, process: Process) -> None:
        pidfd = self._await(process)
        if pidfd is not None:
            if not self._kill_by(pidfd, process):
                self._forget(pidfd)
        elif self._blind:
            with spare_descriptor():
                pidfd = open_pidfd(process.pid)
                if pidfd is not None:
                    self._kill_by(pidfd, process)
                    os.close(pidfd)

    def _kill_by(self, pidfd: int, process: Process) -> bool:
        try:
            send(pidfd, signal.SIGKILL)
        except PermissionError:
            self._spared.add(_key(process))
            return False
        self._killed[_key(process)] = as_member(process)
        return True

    def _left(self) -> list[Process]:
        return [each for each in self._tree.processes() if _key(each) not in self._spared]

    def _await(self, process: Process) -> int | None:
        """Wait for its end; None where it is gone, or no descriptor is left to wait with."""
        try:
            pidfd = open_pidfd(process.pid)
        except OSError:
            self._blind = self._blind or self._loop.call_later(_LOOK_AGAIN, self._look_again)
            return None
        if pidfd is not None:
            self._waiting[pidfd] = process.pid
            self._loop.add_reader(pidfd, self._one_is_gone, pidfd)
        return pidfd

    def _look_again(self) -> None:
        self._blind = None
        self._end_of_round()

    def _one_is_gone(self, pidfd: int) -> None:
        self._forget(pidfd)
        self._end_of_round()

    def _forget(self, pidfd: int) -> None:
        del self._waiting[pidfd]
        self._loop.remove_reader(pidfd)
        os.close(pidfd)

    def _end_of_round(self) -> None:
        """Once nobody is waited for, look whether anybody came in the meantime."""
        if self._waiting or self._blind:
            return
        left = self._left() if self._rounds < _ROUNDS else []
        if self._timer is not None:
            if left:
                for each in left:
                    self._await(each)
                return
            self._timer.cancel()
            self._timer = None
        if left:
            self._loop.call_soon(self._kill_all, left)
        else:
            self._then(tuple(self._killed.values()))

    def _stop_waiting(self) -> None:
        for pidfd in tuple(self._waiting):
            self._forget(pidfd)


def _key(process: Process) -> tuple[int, int]:
    return process.pid, process.start_ticks
