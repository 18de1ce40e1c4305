"""One running process tree, from its spawn to the last death."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from svcctl.errors import UsageError
from svcctl.ports import Exit, Identity, Member
from svcctl.system.windows.console import CTRL_BREAK, CTRL_C, send_console_event
from svcctl.system.windows.kernel import close_handle, exit_code, has_ended, kernel32
from svcctl.system.windows.sweep import Sweep, Then
from svcctl.system.windows.tree import Tree
from svcctl.system.windows.watch_exit import ExitWatch
from svcctl.system.windows.windows_of import close_windows, quit_threads

KILLED = 137
"""Exit code of whom we end by force: what shells on POSIX give for KILL."""


class Siblings(Protocol):
    """Whom a child tells that it was closed."""

    def forget(self, child: WindowsChild) -> None:
        """It is not watched any more."""


class WindowsChild:
    """A main process, watched through its handle, and the job it is in.

    *process* is its handle, which the child closes; *keep* is closed with it.
    """

    def __init__(
        self,
        *,
        process: int,
        tree: Tree,
        token: str,
        siblings: Siblings,
        keep: ExitStack,
        unenforced: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.tree = tree
        self.token = token
        self._process = process
        self._siblings = siblings
        self.keep = keep
        self._unenforced = unenforced
        self._loop = asyncio.get_running_loop()
        self._calls: list[Callable[[Exit], None]] = []
        self._exit: Exit | None = None
        self._sweeps: set[Sweep] = set()
        self._killed = False
        self._closed = False
        self._watch = ExitWatch(self._loop, process, self._look)

    @property
    def identity(self) -> Identity:
        """Give which process is the main one."""
        return self.tree.main

    @property
    def unenforced(self) -> tuple[tuple[str, str], ...]:
        """Give limits this machine could not set, each with the problem."""
        return self._unenforced

    @property
    def has_ended(self) -> bool:
        """Say whether the end of the main process was told."""
        return self._exit is not None

    def on_exit(self, call: Callable[[Exit], None]) -> None:
        """Make *call* once, from the event loop, when the main process has ended."""
        if self._exit is None:
            self._calls.append(call)
        else:
            self._loop.call_soon(call, self._exit)

    def signal(self, name: str, *, everyone: bool = False) -> None:
        """Ask, or make, the program end; UsageError: Windows has no such way.

        ``CTRL_C`` (also ``INT``) and ``CTRL_BREAK`` reach all on the console of the main process;
        with *everyone* on all consoles of the tree.  ``WM_CLOSE`` goes to all windows, ``WM_QUIT``
        to all threads of the tree.  ``TERM`` is ``CTRL_C`` and ``WM_CLOSE``.  ``KILL`` ends the
        main process, with *everyone* the whole tree.
        """
        match name.upper().removeprefix("SIG"):
            case "CTRL_C" | "INT":
                self._send(CTRL_C, everyone=everyone)
            case "CTRL_BREAK":
                self._send(CTRL_BREAK, everyone=everyone)
            case "WM_CLOSE":
                close_windows(self.tree.pids())
            case "WM_QUIT":
                quit_threads(self.tree.pids())
            case "TERM":
                self._send(CTRL_C, everyone=everyone)
                close_windows(self.tree.pids())
            case "KILL":
                self._kill(everyone=everyone)
            case _:
                raise UsageError(
                    f"there is no signal '{name}' on Windows",
                    hint="use TERM, CTRL_C, CTRL_BREAK, WM_CLOSE, WM_QUIT or KILL",
                )

    def trusts(self, uid: int) -> bool:
        """Say whether *uid* is 0, which on Windows means: let in by the pipe it spoke through.

        Windows has no uids; who may write to a pipe of ours is decided by its access list.
        """
        return uid == 0

    def members(self) -> tuple[Member, ...]:
        """Give the live processes of the tree."""
        return self.tree.members()

    def sweep(self, then: Then, *, grace: float = 0.0) -> None:
        """End whatever is left of the tree, after *grace* seconds; tell *then* whom."""

        def tell(ended: tuple[Member, ...]) -> None:
            self._sweeps.discard(sweep)
            while others := [other for other in self._sweeps if other.has_nobody_left()]:
                others[0].conclude()
            self._look()
            then(ended)

        sweep = Sweep(self._loop, self.tree, tell, terminate=lambda: self._kill(everyone=True))
        self._sweeps.add(sweep)
        sweep.start(grace=grace)

    def freeze(self) -> None:
        """Make the whole tree stand still."""
        self.tree.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self.tree.thaw()

    def close(self) -> None:
        """Let go of handles, and with them of the tree: Windows ends it.

        What is left of a tree whose main process has ended, and that was not swept, goes on.  A
        sweep under way is over; nobody is told of it any more.
        """
        if self._closed:
            return
        self._closed = True
        self._watch.cancel()
        for sweep in tuple(self._sweeps):
            sweep.cancel()
        self._siblings.forget(self)
        self.tree.release(spare=self._exit is not None)
        self.keep.close()
        close_handle(self._process)

    def _send(self, event: int, *, everyone: bool) -> None:
        pids = self.tree.pids() if everyone else [self.identity.pid]
        if pids and (everyone or self._exit is None):
            send_console_event(event, pids)

    def _kill(self, *, everyone: bool) -> None:
        self._killed = True
        if everyone:
            self.tree.job.terminate(KILLED)
        elif self._exit is None:
            kernel32().TerminateProcess(self._process, KILLED)

    def _look(self) -> None:
        """See whether the main process has ended, and tell of it once."""
        if self._exit is not None or self._closed or not has_ended(self._process):
            return
        self._watch.cancel()
        code = exit_code(self._process)
        ended = Exit(signal="KILL") if self._killed and code == KILLED else Exit(code=code)
        self._exit = ended
        calls, self._calls = self._calls, []
        for call in calls:
            call(ended)
