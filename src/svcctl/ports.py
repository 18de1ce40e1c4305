"""What svcctl needs of the world: small Protocols and the plain values they speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from svcctl.events import Event
from svcctl.spec.policy import Limits, LogPolicy

Document = dict[str, object]
"""What JSON can hold, with names at the top."""

Subscriber = Callable[[Event], None]
Cancel = Callable[[], None]
Lines = Callable[[str, list[bytes]], None]
"""Called with the stream (``stdout``, ``stderr``) and complete lines without their ends."""


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget it; harmless once it was made."""


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> float:
        """Seconds since 1970, UTC; may jump."""

    def monotonic(self) -> float:
        """Seconds since some point of this boot, the same for every process; never jumps."""

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Make *call* once *seconds* have passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which process, beyond doubt: pids are reused, these four together are not.

    *start_ticks* is field 22 of proc(5) ``stat``; *inode* is that of its pidfd (Linux 6.9), else 0.
    """

    pid: int
    start_ticks: int
    boot_id: str
    inode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a process ended: a code, or a signal's name (``KILL``), or (both None) nobody knows."""

    code: int | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One process of a tree."""

    pid: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a tree uses: processor seconds since its start, resident bytes, processes, threads.

    Of *cpu_seconds* the kernel worked *system_seconds*.  Only a close look tells the rest, and None
    where this system does not: *open_files* (on Windows handles of any kind), and the bytes that
    went to and from disks since the tree was first looked at closely, those of processes that have
    ended since included.
    """

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    processes: int = 0
    threads: int = 0
    open_files: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    system_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A program about to be started.

    *tag* names the tree (``web``, ``web.2``, ``web.2:pre_start``); *token* is new for every spawn
    and stands in the environment, so that a stray tree can be found again. *stdin* is as in the
    spec (``null``, ``open``, ``file:PATH``). *stdout* and *stderr* are file descriptors the child
    gets a copy of; None gives it the null device, -1 lets it inherit ours.  *priority* (a class
    such as ``below-normal``, before ``limits.nice``) and *breakaway* (its children may leave the
    tree) are for Windows.
    """

    tag: str
    token: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)  # secrets may be in it
    cwd: str = "/"
    stdin: str = "null"
    stdout: int | None = None
    stderr: int | None = None
    user: str | None = None
    group: str | None = None
    supplementary_groups: tuple[str, ...] | None = None
    umask: int | None = None
    no_new_privs: bool = False
    cap_bound: tuple[str, ...] | None = None
    limits: Limits = field(default=Limits())
    priority: str = ""
    breakaway: bool = False


class Child(Protocol):
    """One running process tree: a main process and all that came of it."""

    @property
    def identity(self) -> Identity:
        """Which process is the main one."""

    @property
    def unenforced(self) -> tuple[tuple[str, str], ...]:
        """Limits this machine could not set, each with the problem."""

    def on_exit(self, call: Callable[[Exit], None]) -> None:
        """Make *call* once, from the event loop, when the main process has ended."""

    def signal(self, name: str, *, everyone: bool = False) -> None:
        """Send the signal called *name* (``TERM``) to the main process or to the whole tree.

        What is gone already is no error; an unknown *name* is a UsageError.
        """

    def trusts(self, uid: int) -> bool:
        """Say whether a process of the user with that id may speak for the tree."""

    def members(self) -> tuple[Member, ...]:
        """Give the live processes of the tree, double-forked daemons included; zombies are not."""

    def sweep(self, then: Callable[[tuple[Member, ...]], None], *, grace: float = 0.0) -> None:
        """Kill whatever is left of the tree; tell *then* whom, once all of it is gone.

        What is left gets *grace* seconds to end by itself first.  *then* is called at once,
        before sweep returns, where nothing was left.
        """

    def freeze(self) -> None:
        """Make the whole tree stand still (cgroup v2 freezer, else SIGSTOP)."""

    def thaw(self) -> None:
        """Let it go on."""

    def close(self) -> None:
        """Let go of descriptors; the tree is not touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A main process that an earlier agent started as *tag*, with *token*."""

    tag: str
    token: str
    identity: Identity


class Spawner(Protocol):
    """Starts and finds process trees; the only way the engine touches processes."""

    def spawn(self, launch: Launch) -> Child:
        """Start a program as leader of a session of its own, or raise CannotSpawn."""

    def adopt(self, identity: Identity, *, tag: str, token: str) -> Child | None:
        """Take over a tree an earlier agent started; None where that process is no more.

        Never takes another process that merely has the same pid.
        """

    def identify(self, pid: int) -> Identity | None:
        """Say which process has *pid* now; None where there is none."""

    def find(self, token: str) -> Identity | None:
        """Find the main process started with *token*, or None: for an interrupted spawn."""

    def survivors(self) -> tuple[Survivor, ...]:
        """Give what earlier agents started and that still runs, oldest first.

        For a journal that may not know of it; hooks and probes (``:`` in the tag) are left out.
        """

    def strays(self, tag: str, token: str, then: Callable[[tuple[Member, ...]], None]) -> None:
        """Kill what is left of a tree whose main process ended unseen; then tell *then*."""

    def usage(self, children: Iterable[Child], *, closely: bool = False) -> list[Usage]:
        """Measure each of *children*, with one look at the machine.

        *closely* counts open files and bytes of disks too: about twice the price.
        """

    def private_bytes(self, child: Child) -> int | None:
        """Give what the system would get back if the tree of *child* ended; None: unknown.

        Its unique set size. Can take 50 ms for a process of 2 GiB: for single suspects.
        """

    def most_open_files(self, child: Child) -> int | None:
        """Give how many files each process of the tree may have open; None: no limit, unknown."""

    def memory_left(self) -> int | None:
        """Give the bytes that programs can still get on this machine; None: unknown.

        Where the agent itself is in a control group with a limit, no more than that has left.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a sink took since it was opened, and what is written but not taken yet, in bytes."""

    captured_bytes: int = 0
    waiting_bytes: int = 0


class LogSink(Protocol):
    """Takes the output of one instance, whoever runs the agent meanwhile.

    *policy* may be replaced at any time; where output goes changes with the next start.
    """

    policy: LogPolicy

    def writer(self, stream: str) -> int | None:
        """Give a descriptor the child writes *stream* to; the caller closes it. None: discard."""

    def begin_run(self) -> None:
        """A program is about to be started: what it writes begins on a line of its own."""

    def follow(self, call: Lines) -> Cancel:
        """Call with every complete line captured from now on."""

    def drain(self) -> None:
        """Write out what waits in the pipes now."""

    def tail(self, count: int) -> list[bytes]:
        """Give the last *count* lines captured, of all streams, oldest first."""

    def flow(self) -> Flow:
        """Say how much output there is."""

    def close(self) -> None:
        """Let go of pipes and files; what waits in the pipes stays there for the next sink."""

    def discard(self) -> None:
        """Let go for good, and of the pipes themselves: the instance is no more."""


class FileWatch(Protocol):
    """Tells when files change."""

    def watch(self, globs: tuple[str, ...], call: Callable[[list[str]], None]) -> Cancel:
        """Call with the files that came, went or changed."""


class Store(Protocol):
    """Remembers documents over restarts; what was put survives a kill at any instant."""

    def put(self, kind: str, key: str, document: Document) -> None: ...
    def delete(self, kind: str, key: str) -> None: ...
    def items(self, kind: str) -> list[tuple[str, Document]]: ...
    async def settle(self) -> None:
        """Come back once all that was put survives a power failure too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as it was written down; *number* grows."""

    number: int
    at: float
    kind: str
    service: str
    instance: str
    fields: Document


class EventLog(Protocol):
    """Remembers events."""

    def append(self, event: Event) -> None: ...
    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the last *limit* events that fit, oldest first."""


class EventTrail(EventLog, Protocol):
    """Remembers events, and can be gone along without leaving any out."""

    def read_on(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the first *limit* events that fit, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log: somebody asks for a verb, or what became of it.

    *asked* is the same in both, *outcome* ``asked`` in the first: then ``done``, the code of an
    error, ``given-up`` or ``crashed``.  *way* is that by which *actor* came in, *source* where from
    (an address, a socket).  *args* is JSON, without secrets.
    """

    at: float
    asked: str
    actor: str
    way: str
    source: str = ""
    verb: str
    target: str = ""
    args: str = "{}"
    reason: str = ""
    outcome: str


class AuditLog(Protocol):
    """Remembers who asked for what, and how it ended."""

    def record(self, entry: AuditEntry) -> None:
        """Remember *entry*, at once; never raises."""


class Bus(Protocol):
    """Carries events from those who state them to those who watch, in order."""

    def publish(self, event: Event) -> None: ...
    def subscribe(self, subscriber: Subscriber) -> Cancel: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A service as handed to a manager: the spec in canonical form, its revision and its sources.

    *spec* is what :func:`svcctl.spec.canonical.dump` gave; *revision* its digest; *origins* tells
    for each option's path the layer and the place it came from; *sources* the files read, with
    their digests.
    """

    name: str
    spec: Document
    revision: str
    origins: Document = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatus:
    """What can be said of one instance; the contract of ``status -o json``."""

    service: str
    instance: str
    phase: str
    ready: bool
    live: bool | None
    pid: int | None
    started_at: float | None
    restarts: int
    exit_code: int | None
    exit_signal: str | None
    manager: str
    spec_revision: str
    applied: bool
    enabled: bool
    cpu: float | None
    memory_bytes: int | None
    processes: int | None
    reason: str
    status_text: str
    next_at: float | None
    groups: tuple[str, ...]
    labels: Mapping[str, str]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a manager does to the machine: what a dry run prints, and what is then done.

    *kind* is ``write`` (a file), ``delete`` (a file or folder), ``set`` (a setting of the manager,
    a registry value, a right, an ACL) or ``run`` (a command of the manager).  *target* says
    where: a path, a registry key, the setting's name, the command.  *text* is exactly what will
    stand there, *before* what stands there now (None: nothing).  No secret is in either.
    """

    kind: str
    target: str
    text: str = ""
    before: str | None = None


class HostPhase(StrEnum):
    """What a native manager is told of the one service of a host."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    STOPPING = "stopping"


class HostReport(Protocol):
    """The native manager a host was started by, as far as it wants to know."""

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """The service is in *phase*; *text* is for people.

        While it is in a passing phase this is told again, as it makes progress: the next sign of
        life follows within *within* seconds.
        """

    def reloading(self, *, over: bool) -> None:
        """The configuration is being read again, or (*over*) has been."""


class HostControls(Protocol):
    """What a native manager asks of a running host; every call comes back at once."""

    def stop(self, *, shutdown: bool) -> None:
        """Stop the service and end the host; *shutdown*: because the machine goes down."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def reload(self) -> None: ...
    def custom(self, code: int) -> None:
        """A user control code of Windows, 128 to 255."""


class ServiceManager(Protocol):
    """Whoever keeps services on this machine: the SCM, systemd, launchd, or our own engine.

    Every verb raises UnknownService for a name it does not keep. Those that change a phase come
    back at once: what became of it is seen in :meth:`status` and in events.
    """

    def names(self) -> list[str]: ...
    def query(self, name: str) -> Applied: ...
    def status(self, names: Iterable[str]) -> list[InstanceStatus]: ...
    async def settle(self) -> None:
        """Come back once every change made so far survives a power failure."""

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do, in order; empty: all is as it should be."""

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do, in order, but for the stop that comes first."""

    async def install(self, applied: Applied) -> None: ...
    async def uninstall(self, name: str) -> None:
        """Forget a service and remove every trace; raises Conflict while it runs."""

    async def configure(self, applied: Applied) -> str:
        """Take a changed spec; say what came of it: ``unchanged updated reloaded restarted``."""

    def start(self, name: str) -> None: ...
    def stop(self, name: str) -> None: ...
    def restart(self, name: str) -> None: ...
    def pause(self, name: str) -> None: ...
    def resume(self, name: str) -> None: ...
    def reload(self, name: str) -> None: ...
    def reset(self, name: str) -> None: ...
    def signal(self, name: str, signal: str) -> None: ...
    async def enable(self, name: str, *, enabled: bool) -> None: ...
