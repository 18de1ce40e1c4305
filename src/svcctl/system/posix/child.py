"""One running process tree, from its spawn or adoption to the last death."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Container, Iterable
from typing import Protocol

from svcctl.errors import SystemFault
from svcctl.ports import Exit, Identity, Member
from svcctl.system.posix.pidfd import exit_of, exit_of_stranger, reap, send
from svcctl.system.posix.process import Process, status_of_zombie
from svcctl.system.posix.sweep import Sweep, Then
from svcctl.system.posix.tree import Tree, as_member
from svcctl.system.signal_names import signal_number

# The kernel tells how a stranger's child ended once its parent took leave of it: soon, as a rule.
_ASK_AGAIN = (0.002, 0.01, 0.05, 0.2, 0.5, 1.0)


class Siblings(Protocol):
    """What a child must know of the others its spawner keeps."""

    @property
    def pids(self) -> Container[int]:
        """Main processes that run."""

    @property
    def tokens(self) -> Container[str]:
        """Tokens of all trees."""

    def forget(self, child: PosixChild) -> None:
        """Its main process is no more, or no more watched."""


class PosixChild:
    """A main process, watched through its pidfd, and its tree."""

    def __init__(
        self,
        *,
        identity: Identity,
        pidfd: int,
        tree: Tree,
        siblings: Siblings,
        unenforced: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._identity = identity
        self._pidfd = pidfd
        self._tree = tree
        self._siblings = siblings
        self._unenforced = unenforced
        self._loop = asyncio.get_running_loop()
        self._calls: list[Callable[[Exit], None]] = []
        self._exit: Exit | None = None
        self._loop.add_reader(pidfd, self.look)
        self._watched = True

    @property
    def identity(self) -> Identity:
        """Give which process is the main one."""
        return self._identity

    @property
    def unenforced(self) -> tuple[tuple[str, str], ...]:
        """Give limits this machine could not set, each with the problem."""
        return self._unenforced

    @property
    def tree(self) -> Tree:
        """Give what belongs to it."""
        return self._tree

    def on_exit(self, call: Callable[[Exit], None]) -> None:
        """Make *call* once, from the event loop, when the main process has ended."""
        if self._exit is None:
            self._calls.append(call)
        else:
            self._loop.call_soon(call, self._exit)

    def look(self) -> None:
        """See whether the main process has ended; called when its pidfd says so."""
        if self._exit is not None or self._pidfd < 0:
            return
        try:
            ended = reap(self._pidfd)
        except ChildProcessError:
            self._unwatch()
            self._ask_how_it_ended(0)
        else:
            if ended is not None:
                self._unwatch()
                self._tell(ended)

    def signal(self, name: str, *, everyone: bool = False) -> None:
        """Send a signal to the main process or to the whole tree; UsageError: no such signal."""
        number = signal_number(name)
        if self._exit is None and self._pidfd >= 0:
            try:
                send(self._pidfd, number)
            except PermissionError as error:
                raise SystemFault(
                    f"process {self._identity.pid} runs as another user and takes no signals",
                    hint="run the agent as root",
                ) from error
        if everyone:
            _send_all(
                (each for each in self._tree.processes() if each.pid != self._identity.pid), number
            )

    def trusts(self, uid: int) -> bool:
        """Say whether *uid* is root or owns the main process."""
        try:
            owner = os.stat(f"/proc/{self._identity.pid}").st_uid
        except OSError:
            return uid == 0
        return uid in {0, owner}

    def members(self) -> tuple[Member, ...]:
        """Give the live processes of the tree."""
        return tuple(as_member(each) for each in self._tree.processes())

    def sweep(self, then: Then, *, grace: float = 0.0) -> None:
        """Kill whatever is left of the tree, after *grace* seconds; tell *then* whom."""
        known = self._siblings
        if self._exit is not None and self._tree.is_surely_gone(known.pids, known.tokens):
            then(())
            return

        def tell(killed: tuple[Member, ...]) -> None:
            self.look()
            then(killed)

        Sweep(self._loop, self._tree, tell).start(grace=grace)

    def freeze(self) -> None:
        """Make the whole tree stand still (cgroup v2 freezer, else SIGSTOP)."""
        inside: set[int] = set()
        if self._tree.group is not None and self._tree.group.freeze(frozen=True):
            inside.update(self._tree.group.pids())
        while True:
            fresh = [each for each in self._tree.processes() if each.pid not in inside]
            if not fresh:
                return
            _send_all(fresh, signal.SIGSTOP)
            inside.update(each.pid for each in fresh)

    def thaw(self) -> None:
        """Let it go on, whoever stopped it."""
        if self._tree.group is not None:
            self._tree.group.freeze(frozen=False)
        _send_all(self._tree.processes(), signal.SIGCONT)

    def close(self) -> None:
        """Let go of descriptors; the tree is not touched."""
        if self._pidfd < 0:
            return
        self._unwatch()
        self._siblings.forget(self)
        os.close(self._pidfd)
        self._pidfd = -1
        if self._tree.group is not None and self._exit is not None:
            self._tree.group.remove()

    def _ask_how_it_ended(self, tried: int) -> None:
        """Ask the kernel for the exit of a process that is not our child, a few times over.

        It tells once the parent took leave of it, before that (to those who may see) and not in
        between.
        """
        if self._pidfd < 0:
            return
        ended = exit_of_stranger(self._pidfd) or self._exit_of_zombie()
        if ended is None and tried < len(_ASK_AGAIN):
            self._loop.call_later(_ASK_AGAIN[tried], self._ask_how_it_ended, tried + 1)
        else:
            self._tell(ended or Exit())

    def _exit_of_zombie(self) -> Exit | None:
        status = status_of_zombie(self._identity.pid, self._identity.start_ticks)
        return None if status is None else exit_of(status)

    def _tell(self, ended: Exit) -> None:
        self._exit = ended
        self._siblings.forget(self)
        calls, self._calls = self._calls, []
        for call in calls:
            call(ended)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._pidfd)


def _send_all(processes: Iterable[Process], number: int) -> None:
    """Send a signal to each that is still there and ours to signal."""
    for each in processes:
        try:
            os.kill(each.pid, number)
        except (ProcessLookupError, PermissionError):
            continue
