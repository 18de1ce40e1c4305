"""Programs that run, end and leave something behind as a test wants it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable

from svcctl.errors import CannotSpawn
from svcctl.ports import Child, Exit, Identity, Launch, Member, Survivor, Usage
from svcctl.testing.fakes.clock import FakeClock

_BOOT = "00000000-0000-0000-0000-000000000000"


class FakeChild:
    """A program that ends when it is told to, or by a signal in *dies_of*.

    *leftover* is what outlives it.  What is told of it comes when the clock goes forward, if only
    by 0 seconds, as the real one tells from the event loop.
    """

    def __init__(self, launch: Launch, *, identity: Identity, clock: FakeClock) -> None:
        self.launch = launch
        self.signals: list[str] = []
        self.dies_of = {"TERM", "INT", "QUIT", "KILL"}
        self.leftover: list[Member] = []
        self.exited: Exit | None = None
        self.frozen = False
        self.closed = False
        self.cpu_seconds, self.memory_bytes, self.open_files = 0.0, 0, 3
        self._identity, self._clock = identity, clock
        self._calls: list[Callable[[Exit], None]] = []

    @property
    def identity(self) -> Identity:
        """Which process is the main one."""
        return self._identity

    @property
    def unenforced(self) -> tuple[tuple[str, str], ...]:
        """Every limit can be set here."""
        return ()

    def orphaned(self, clock: FakeClock) -> None:
        """Outlive the agent: nobody is told of anything any more; the next has its own *clock*."""
        self.close()
        self._clock = clock

    def on_exit(self, call: Callable[[Exit], None]) -> None:
        """Make *call* once the program has ended."""
        end = self.exited
        if end is None:
            self._calls.append(call)
        else:
            self._clock.later(0.0, lambda: call(end))

    def exit(self, code: int | None = None, *, signal: str | None = None) -> None:
        """End the main process, as a test wants it; what has ended ends no more."""
        if self.exited is not None:
            return
        self.exited = Exit(code=code, signal=signal)
        calls, self._calls = self._calls, []
        for call in calls:
            call(self.exited)

    def signal(self, name: str, *, everyone: bool = False) -> None:
        """Note the signal, with ``*`` before it where everyone gets it; it may be the end."""
        self.signals.append(f"*{name}" if everyone else name)
        if name in self.dies_of:
            self._clock.later(0.0, lambda: self.exit(signal=name))
            if everyone:
                self.leftover.clear()

    def trusts(self, uid: int) -> bool:
        """Trust root only."""
        return uid == 0

    def members(self) -> tuple[Member, ...]:
        """Give the live processes of the tree."""
        main = Member(pid=self._identity.pid, name=os.path.basename(self.launch.argv[0]))  # noqa: PTH119
        return (*(() if self.exited else (main,)), *self.leftover)

    def sweep(self, then: Callable[[tuple[Member, ...]], None], *, grace: float = 0.0) -> None:
        """Kill whatever is left, after *grace*; then tell *then* whom."""
        if not self.members():
            then(())
            return

        def kill() -> None:
            killed = self.members()
            self.leftover.clear()
            self.exit(signal="KILL")
            then(killed)

        self._clock.later(grace, kill)

    def freeze(self) -> None:
        """Stand still."""
        self.frozen = True

    def thaw(self) -> None:
        """Go on."""
        self.frozen = False

    def close(self) -> None:
        """Tell nobody any more; the program is not touched."""
        self.closed = True
        self._calls.clear()


class FakeSpawner:
    """Starts fake programs; *refusals* are raised first, one a spawn.

    One that outlives a fake agent is adopted by the next with the same spawner.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.children: list[FakeChild] = []
        self.refusals: list[CannotSpawn] = []
        self.left_bytes = 1 << 40
        self._clock = clock
        self._pids = itertools.count(1001)

    def inherit(self, former: FakeSpawner) -> None:
        """Find what *former* started still there, as a new agent does after the old one's death."""
        self.children = former.children
        self._pids = former._pids
        for child in self.children:
            child.orphaned(self._clock)

    @property
    def launches(self) -> list[Launch]:
        """Everything that was started, oldest first."""
        return [child.launch for child in self.children]

    @property
    def running(self) -> list[FakeChild]:
        """Every program whose main process runs, oldest first."""
        return [child for child in self.children if child.exited is None]

    def spawn(self, launch: Launch) -> FakeChild:
        """Start a program, or raise CannotSpawn."""
        if self.refusals:
            raise self.refusals.pop(0)
        pid = next(self._pids)
        identity = Identity(pid=pid, start_ticks=pid, boot_id=_BOOT)
        child = FakeChild(launch, identity=identity, clock=self._clock)
        self.children.append(child)
        return child

    def adopt(self, identity: Identity, *, tag: str, token: str) -> FakeChild | None:
        """Take over a program of this *tag* and *token*; None where it runs no more."""
        for child in self.running:
            same = (child.launch.tag, child.launch.token) == (tag, token)
            if same and child.identity == identity:
                child.closed = False
                return child
        return None

    def identify(self, pid: int) -> Identity | None:
        """Say which process has *pid* now."""
        return next((c.identity for c in self.running if c.identity.pid == pid), None)

    def find(self, token: str) -> Identity | None:
        """Find the main process started with *token*."""
        return next((c.identity for c in self.running if c.launch.token == token), None)

    def survivors(self) -> tuple[Survivor, ...]:
        """Give every program that runs, hooks and probes excepted."""
        return tuple(
            Survivor(tag=each.launch.tag, token=each.launch.token, identity=each.identity)
            for each in self.running
            if ":" not in each.launch.tag
        )

    def strays(self, tag: str, token: str, then: Callable[[tuple[Member, ...]], None]) -> None:
        """Kill what is left of a tree, then tell *then* whom."""
        for child in self.children:
            if (child.launch.tag, child.launch.token) == (tag, token):
                child.sweep(then)
                return
        then(())

    def usage(self, children: Iterable[Child], *, closely: bool = False) -> list[Usage]:
        """Give what tests have set; a process has one thread, and three files if they set none."""
        return [
            Usage(
                cpu_seconds=child.cpu_seconds,
                memory_bytes=child.memory_bytes,
                processes=len(child.members()),
                threads=len(child.members()),
                open_files=child.open_files * len(child.members()) if closely else None,
                read_bytes=0 if closely else None,
                written_bytes=0 if closely else None,
            )
            if isinstance(child, FakeChild)
            else Usage()
            for child in children
        ]

    def private_bytes(self, child: Child) -> int | None:
        """Give the memory that tests have set."""
        return child.memory_bytes if isinstance(child, FakeChild) else None

    def most_open_files(self, child: Child) -> int | None:  # noqa: ARG002 - the same for all
        """Give the same for all."""
        return 1024

    def memory_left(self) -> int | None:
        """Give what a test has set; there is plenty."""
        return self.left_bytes
