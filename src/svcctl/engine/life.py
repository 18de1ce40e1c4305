"""The words in which the life of an instance is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """Where an instance stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    FAILED = "failed"
    FINISHED = "finished"


QUIET = frozenset({Phase.STOPPED, Phase.FAILED, Phase.FINISHED})
"""Where nothing runs, and nothing will unless somebody asks or a schedule is due."""


class Stage(StrEnum):
    """What exactly is under way within ``starting`` and ``stopping``."""

    NONE = "none"
    NEEDS = "needs"  # waits for other services
    PRE_START = "pre_start"
    SPAWNING = "spawning"
    WARMING = "warming"  # the program runs and is not ready yet
    PRE_STOP = "pre_stop"
    ASKING = "asking"  # stop steps
    KILLING = "killing"  # the last resort was taken
    SWEEPING = "sweeping"  # the main process is gone; what it left behind is killed
    POST_STOP = "post_stop"


class Told(StrEnum):
    """What an instance can be told."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    PAUSE = "pause"
    RESUME = "resume"
    RELOAD = "reload"
    RESET = "reset"
    ARM = "arm"
    DUE = "due"
    NEEDS_MET = "needs-met"
    HOOKS_DONE = "hooks-done"
    HOOKS_FAILED = "hooks-failed"
    SPAWNED = "spawned"
    SPAWN_FAILED = "spawn-failed"
    READY = "ready"
    TIME_OVER = "time-over"
    FROZEN = "frozen"
    FREEZE_FAILED = "freeze-failed"
    THAWED = "thawed"
    THAW_FAILED = "thaw-failed"
    PROBE_FAILED = "probe-failed"
    MEMORY_EXCEEDED = "memory-exceeded"
    EXITED = "exited"
    SWEPT = "swept"


class Ending(StrEnum):
    """What an exit means under the restart policy."""

    OK = "ok"
    BAD = "bad"
    ABNORMAL = "abnormal"
    NEVER = "never"


class Cause(StrEnum):
    """Why the program is going, or went, down: it decides what follows."""

    NONE = "none"
    ASKED = "asked"
    EXITED = "exited"
    NOT_READY = "not-ready"
    PROBE = "probe"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something that happened: what, when (monotonic seconds), and what is special to it.

    *chance* (0 to 1) is the random number a jitter may use.  *obliging*: the program does itself
    what it is asked for.
    """

    kind: Told
    at: float = 0.0
    chance: float = 0.5
    ending: Ending = Ending.OK
    leftover: bool = False
    permanent: bool = False
    obliging: bool = False
    reason: str = ""


class Effect(StrEnum):
    """What the keeper must carry out."""

    AWAIT_NEEDS = "await-needs"
    RUN_PRE_START = "run-pre-start"
    SPAWN = "spawn"
    WATCH_READY = "watch-ready"
    WATCH_LIVE = "watch-live"
    UNWATCH = "unwatch"
    RUN_POST_START = "run-post-start"
    RUN_PRE_STOP = "run-pre-stop"
    TAKE_STEP = "take-step"
    KILL = "kill"
    SWEEP = "sweep"
    RUN_POST_STOP = "run-post-stop"
    WAIT = "wait"
    DISARM = "disarm"
    FREEZE = "freeze"
    THAW = "thaw"
    RELOAD = "reload"
    ARM_SCHEDULE = "arm-schedule"
    DISARM_SCHEDULE = "disarm-schedule"
    SKIP_RUN = "skip-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """All the machine remembers of one running copy; JSON can hold it (it is journalled).

    *wanted*: it is meant to be up.  *again*: a start is due when the stop under way is over.
    *queued*: one more scheduled run is due.  *child*: a main process exists.
    *failures* and *probe_failures*: when (monotonic) it failed within the window, for the crash
    budget.  *tries* and *probe_tries*: failures since the last stable run, for the backoff.
    *stable*: the last run became ready and was long enough before it ended, or was taken down.
    *ending* and *cause*: how the last run ended, why the stop under way was begun.
    """

    phase: Phase = Phase.STOPPED
    stage: Stage = Stage.NONE
    wanted: bool = False
    again: bool = False
    queued: bool = False
    child: bool = False
    ready: bool = False
    failures: tuple[float, ...] = ()
    probe_failures: tuple[float, ...] = ()
    tries: int = 0
    probe_tries: int = 0
    delay: float = 0.0
    spawned_at: float = 0.0
    stable: bool = False
    step: int = 0
    ending: Ending | None = None
    cause: Cause = Cause.NONE
    restarts: int = 0
    reason: str = ""

    def forgiven(self) -> Instance:
        """Give it without its failures: backoff and budgets begin anew."""
        return replace(self, failures=(), probe_failures=(), tries=0, probe_tries=0)
