"""How a service is restarted, stopped, reloaded, limited, logged and scheduled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.spec.units import (
    Command,
    Count,
    Duration,
    ExitCode,
    Factor,
    Niceness,
    Percent,
    Period,
    Positive,
    ProcessorNumber,
    ResourceLimit,
    RotationSize,
    Share,
    Signal,
    Size,
)


class RestartWhen(StrEnum):
    """Which ends of the program lead to a restart."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    ON_ABNORMAL = "on-abnormal"
    NEVER = "never"


class GiveUp(StrEnum):
    """What happens once the crash budget is spent."""

    FAIL = "fail"
    REBOOT = "reboot"
    EXEC = "exec"


class StopTree(StrEnum):
    """Who gets the stop signal; whoever is left at the end is killed, except with ``main``."""

    GROUP = "group"
    MAIN = "main"
    MIXED = "mixed"


class OnChange(StrEnum):
    """What a change of a watched file leads to."""

    RELOAD = "reload"
    RESTART = "restart"


class LogTo(StrEnum):
    """Where the output of the program goes."""

    CAPTURE = "capture"
    JOURNAL = "journal"
    INHERIT = "inherit"
    NULL = "null"


class Stderr(StrEnum):
    """Whether errors have a file of their own."""

    SEPARATE = "separate"
    MERGE = "merge"


class LogFormat(StrEnum):
    """How captured lines are to be read."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class Overlap(StrEnum):
    """What to do when a scheduled run is due while the last one still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When, and how fast, an instance that ended is started again."""

    policy: RestartWhen = field(
        default=RestartWhen.ON_FAILURE,
        metadata={
            "doc": "which ends lead to a restart; on-abnormal means signals, crashes and time-outs"
        },
    )
    delay: Duration = field(default=1.0, metadata={"doc": "wait before the first restart"})
    factor: Factor = field(default=2.0, metadata={"doc": "each further wait is this much longer"})
    max_delay: Duration = field(default=60.0, metadata={"doc": "the longest wait"})
    jitter: Share = field(
        default=0.1,
        metadata={"doc": "random share (0 to 1) by which a wait is made longer or shorter"},
    )
    max: Count = field(
        default=5,
        metadata={"doc": "failures within `window` after which svcctl gives up; 0: never give up"},
    )
    window: Period = field(default=600.0, metadata={"doc": "time over which failures are counted"})
    min_uptime: Duration = field(
        default=10.0,
        metadata={"doc": "a longer run resets the wait; a shorter one counts as a failed start"},
    )
    ok_exit: tuple[ExitCode, ...] = field(
        default=(0,), metadata={"doc": "exit codes that mean success"}
    )
    never_exit: tuple[ExitCode, ...] = field(
        default=(78,),
        metadata={"doc": "exit codes after which a restart is pointless (78: bad configuration)"},
    )
    give_up: GiveUp = field(default=GiveUp.FAIL, metadata={"doc": "what to do when giving up"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep:
    """One step of a stop: exactly one of ``signal``, ``exec`` and ``http``, and its time limit."""

    signal: Signal | None = field(
        default=None, metadata={"doc": "signal name, such as TERM, INT or KILL"}
    )
    exec: Command = field(default=(), metadata={"doc": "command that asks the program to stop"})
    http: str | None = field(default=None, metadata={"doc": "URL that is sent a POST"})
    timeout: Duration = field(default=15.0, metadata={"doc": "time before the next step"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPolicy:
    """How an instance is asked, then made, to end."""

    signal: Signal = field(default="TERM", metadata={"doc": "signal that asks the program to stop"})
    timeout: Duration = field(default=15.0, metadata={"doc": "time it gets before it is killed"})
    exec: Command = field(default=(), metadata={"doc": "command run before the signal"})
    http: str | None = field(default=None, metadata={"doc": "URL sent a POST before the signal"})
    tree: StopTree = field(
        default=StopTree.MIXED,
        metadata={
            "doc": "group: signal everyone; main: only the main process; "
            "mixed: signal main, kill the rest"
        },
    )
    sequence: tuple[StopStep, ...] = field(
        default=(),
        metadata={
            "doc": "the steps in full, instead of signal, timeout, exec and http; "
            "a kill always ends it"
        },
    )

    def steps(self) -> tuple[StopStep, ...]:
        """Give the steps to take, in order; the last resort (KILL) is not among them."""
        if self.sequence:
            return self.sequence
        asked: list[StopStep] = []
        if self.http is not None:
            asked.append(StopStep(http=self.http, timeout=self.timeout))
        if self.exec:
            asked.append(StopStep(exec=self.exec, timeout=self.timeout))
        asked.append(StopStep(signal=self.signal, timeout=self.timeout))
        return tuple(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadPolicy:
    """How a running instance takes a new configuration."""

    signal: Signal | None = field(
        default=None, metadata={"doc": "signal that makes the program reload, such as HUP"}
    )
    exec: Command = field(default=(), metadata={"doc": "command that makes the program reload"})
    watch: tuple[str, ...] = field(
        default=(), metadata={"doc": "files (globs) whose change triggers"}
    )
    on_change: OnChange = field(default=OnChange.RELOAD, metadata={"doc": "what a change triggers"})
    debounce: Duration = field(
        default=0.5, metadata={"doc": "changes closer than this count as one"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an instance may use."""

    memory: Size | None = field(
        default=None, metadata={"doc": "hard limit (cgroup v2, where delegated)"}
    )
    memory_restart: Size | None = field(
        default=None,
        metadata={"doc": "soft limit: restarted gracefully when three samples in a row exceed it"},
    )
    cpu: Percent | None = field(
        default=None, metadata={"doc": "share of a core, such as 50% (cgroup v2)"}
    )
    tasks: Positive | None = field(
        default=None, metadata={"doc": "most processes and threads (cgroup v2)"}
    )
    nofile: Positive | None = field(default=None, metadata={"doc": "most open files"})
    rlimit: Mapping[str, ResourceLimit] = field(
        default_factory=dict,
        metadata={
            "doc": "further resource limits by name: "
            "as, core, cpu, data, fsize, memlock, nproc, stack; -1: unlimited"
        },
    )
    nice: Niceness = field(
        default=0, metadata={"doc": "scheduling priority, -20 (first) to 19 (last)"}
    )
    affinity: tuple[ProcessorNumber, ...] = field(
        default=(), metadata={"doc": "processors it may run on; empty: all"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Commands run around the life of the program, each in the service's environment."""

    pre_start: tuple[Command, ...] = field(
        default=(), metadata={"doc": "before the start; a failure prevents it"}
    )
    post_start: tuple[Command, ...] = field(
        default=(), metadata={"doc": "once the service is ready"}
    )
    pre_stop: tuple[Command, ...] = field(
        default=(), metadata={"doc": "before the program is asked to stop"}
    )
    post_stop: tuple[Command, ...] = field(
        default=(), metadata={"doc": "after it ended, with $SVC_RESULT and $SVC_EXIT"}
    )
    pause: Command = field(
        default=(), metadata={"doc": "what pauses it, instead of freezing its processes"}
    )
    resume: Command = field(default=(), metadata={"doc": "what lets it go on after that"})
    run: Mapping[str, Command] = field(
        default_factory=dict, metadata={"doc": "commands by name, for `action` of a rule"}
    )
    timeout: Duration = field(default=60.0, metadata={"doc": "time each command gets"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPolicy:
    """Where the output goes, and how much of it is kept."""

    to: LogTo = field(default=LogTo.CAPTURE, metadata={"doc": "where the output goes"})
    stderr: Stderr = field(
        default=Stderr.SEPARATE, metadata={"doc": "a file of its own, or the same"}
    )
    max_size: RotationSize = field(
        default=50 * 1024**2, metadata={"doc": "a larger file is rotated"}
    )
    keep: Count = field(default=10, metadata={"doc": "rotated files kept for each stream"})
    max_age: Period | None = field(
        default=None,
        metadata={"doc": "an older file is rotated, and a rotated file this old deleted"},
    )
    compress: bool = field(default=True, metadata={"doc": "compress rotated files (gzip)"})
    format: LogFormat = field(default=LogFormat.AUTO, metadata={"doc": "how lines are read"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a service is started by the clock: one of ``cron`` and ``every``."""

    cron: str | None = field(default=None, metadata={"doc": "five cron fields, local time"})
    every: Period | None = field(default=None, metadata={"doc": "time from one start to the next"})
    overlap: Overlap = field(default=Overlap.SKIP, metadata={"doc": "when the last run still runs"})
