"""Ports without an outside, for tests: time, programs and output are moved by hand."""

from __future__ import annotations

import heapq
import itertools
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from svcctl.contact import Notice
from svcctl.errors import CannotSpawn
from svcctl.events import Event
from svcctl.ports import (
    Cancel,
    Child,
    Document,
    Exit,
    Flow,
    Identity,
    Launch,
    Lines,
    Member,
    Subscriber,
    Survivor,
    Usage,
)
from svcctl.spec.policy import LogPolicy

_BOOT = "00000000-0000-0000-0000-000000000000"


class FakeTimer:
    """A call that is due at *at* on a fake clock."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self._call: Callable[[], None] | None = call

    @property
    def waits(self) -> bool:
        """It was neither made nor cancelled."""
        return self._call is not None

    def cancel(self) -> None:
        """Forget it; harmless once it was made."""
        self._call = None

    def ring(self) -> None:
        """Make the call, once."""
        call, self._call = self._call, None
        if call:
            call()


class FakeClock:
    """Stands still until a test moves it; calls are made from :meth:`forward`, in order."""

    def __init__(self, *, now: float = 1_750_000_000.0, monotonic: float = 1_000.0) -> None:
        self._wall, self._monotonic = now, monotonic
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since some point of this boot."""
        return self._monotonic

    def later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        """Make *call* once *seconds* have passed, never before :meth:`forward` is called."""
        timer = FakeTimer(self._monotonic + max(0.0, seconds), call)
        heapq.heappush(self._timers, (timer.at, next(self._order), timer))
        return timer

    def forward(self, seconds: float = 0.0) -> None:
        """Let time pass; what is due meanwhile is called at its time, and may set new timers.

        What those are due at once is made too.
        """
        until = self._monotonic + seconds
        while self.ring_next(until):
            pass
        self._pass(until)

    def ring_next(self, until: float) -> bool:
        """Let time pass to the next call and make it, if it is due by *until* (monotonic)."""
        at = self.next_at
        if at is None or at > until:
            return False
        self._pass(at)
        heapq.heappop(self._timers)[2].ring()
        return True

    def stand_still(self, seconds: float) -> None:
        """Let time pass with nobody there: what is due meanwhile comes late, when all goes on."""
        self._pass(self._monotonic + seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock, as a person or NTP would; no time passes."""
        self._wall += seconds

    @property
    def next_at(self) -> float | None:
        """When (monotonic) the next call is due; None where none is."""
        while self._timers and not self._timers[0][2].waits:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _pass(self, until: float) -> None:
        self._wall += max(0.0, until - self._monotonic)
        self._monotonic = max(self._monotonic, until)


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


class FakeSink:
    """Holds the lines that a test logs; what a child writes itself goes nowhere."""

    def __init__(self) -> None:
        self.policy = LogPolicy()
        self.drained = 0
        self.closed = False
        self._lines: list[bytes] = []
        self._followers: list[Lines] = []

    def log(self, *lines: str, stream: str = "stdout") -> None:
        """Have the program write *lines*."""
        written = [line.encode() for line in lines]
        self._lines += written
        for follower in tuple(self._followers):
            follower(stream, written)

    def writer(self, stream: str) -> int | None:  # noqa: ARG002 - the port asks which
        """Give a descriptor of the null device; the caller closes it."""
        return os.open(os.devnull, os.O_WRONLY)

    def follow(self, call: Lines) -> Cancel:
        """Call with every line logged from now on."""
        self._followers.append(call)

        def cancel() -> None:
            if call in self._followers:
                self._followers.remove(call)

        return cancel

    def begin_run(self) -> None:
        """Every line logged here is complete."""

    def drain(self) -> None:
        """Count how often the pipes were to be emptied."""
        self.drained += 1

    def tail(self, count: int) -> list[bytes]:
        """Give the last *count* lines, oldest first."""
        return self._lines[-count:] if count else []

    def flow(self) -> Flow:
        """Count the lines with their ends; nothing waits."""
        return Flow(captured_bytes=sum(len(line) + 1 for line in self._lines))

    def close(self) -> None:
        """Follow no more."""
        self.closed = True
        self._followers.clear()

    def discard(self) -> None:
        """Follow no more, ever."""
        self.closed = True


class FakeStore:
    """Remembers documents as JSON, for as long as it lives."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def put(self, kind: str, key: str, document: Document) -> None:
        """Remember *document* as it is now."""
        self._texts[kind, key] = json.dumps(document)

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; one that is not there is no error."""
        self._texts.pop((kind, key), None)

    def items(self, kind: str) -> list[tuple[str, Document]]:
        """Give all documents of a kind, by key."""
        return [
            (key, json.loads(text)) for (of, key), text in sorted(self._texts.items()) if of == kind
        ]

    async def settle(self) -> None:
        """Come back at once: there is nothing to wait for."""


class FakeBus:
    """Keeps every event it carries in *events*, in the one order in which all see them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._subscribers: list[Subscriber] = []
        self._waiting: deque[Event] = deque()
        self._telling = False

    def publish(self, event: Event) -> None:
        """Tell everyone who is subscribed; an event stated meanwhile is told after this one."""
        self.events.append(event)
        self._waiting.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                event = self._waiting.popleft()
                for subscriber in tuple(self._subscribers):
                    if subscriber in self._subscribers:
                        subscriber(event)
        finally:
            self._telling = False

    def subscribe(self, subscriber: Subscriber) -> Cancel:
        """Call *subscriber* with every event from now on."""
        self._subscribers.append(subscriber)

        def cancel() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return cancel


class FakeNoticeBoard:
    """Carries what a test says in the name of a program."""

    def __init__(self) -> None:
        self._listeners: dict[str, Callable[[Notice], None]] = {}

    def listen(self, instance: str, call: Callable[[Notice], None]) -> tuple[str, Cancel]:
        """Give the address to put into NOTIFY_SOCKET."""
        self._listeners[instance] = call
        return f"/fake/{instance}.sock", lambda: self._silence(instance, call)

    def say(self, instance: str, fields: Mapping[str, str], *, uid: int = 0) -> None:
        """Have a program of the user *uid* send a notice to *instance*; nobody may listen."""
        call = self._listeners.get(instance)
        if call:
            call(Notice(fields=dict(fields), uid=uid))

    def _silence(self, instance: str, call: Callable[[Notice], None]) -> None:
        if self._listeners.get(instance) is call:
            del self._listeners[instance]


class FakeFileWatch:
    """Tells of the changes a test makes up."""

    def __init__(self) -> None:
        self._watches: dict[int, tuple[tuple[str, ...], Callable[[list[str]], None]]] = {}
        self._numbers = itertools.count()

    def watch(self, globs: tuple[str, ...], call: Callable[[list[str]], None]) -> Cancel:
        """Call with the files that change."""
        number = next(self._numbers)
        self._watches[number] = globs, call

        def cancel() -> None:
            self._watches.pop(number, None)

        return cancel

    def change(self, glob: str, *paths: str) -> None:
        """Tell whoever watches *glob* that *paths* have changed."""
        for globs, call in tuple(self._watches.values()):
            if glob in globs:
                call(list(paths))
