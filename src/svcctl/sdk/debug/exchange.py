"""What a simulated manager is told, and what it answers: the words all of them have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self

from svcctl.ports import Exit, HostPhase
from svcctl.sdk.phases import Phase


class Act(StrEnum):
    """What a person or a script asks of the manager, or does to the service behind its back."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    RELOAD = "reload"
    SHUTDOWN = "shutdown"
    PRESHUTDOWN = "preshutdown"
    CONTROL = "control"
    CRASH = "crash"
    HANG = "hang"
    KILL = "kill"
    LEVEL = "level"


class Tone(StrEnum):
    """How a happening is to be taken."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    DIM = "dim"


# what a manager is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody asks for *act*; *code* is that of a control."""

    act: Act
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The process is there."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """The service said something by sd_notify(3)."""

    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The service reported a phase to its host: see :class:`svcctl.ports.HostReport`."""

    phase: HostPhase
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloading:
    """The configuration is being read again, or (*over*) has been."""

    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The service called StartServiceCtrlDispatcher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSet:
    """The service called SetServiceStatus, with the members of SERVICE_STATUS in their order."""

    members: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The service's control routine came back with *result*."""

    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The process is no more."""

    exit: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """Time has passed: what is due is due."""


Input = (
    Asked
    | Started
    | Notified
    | Told
    | Reloading
    | Connected
    | StatusSet
    | Answered
    | Ended
    | Waited
)

# what it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """A line to show; *often*: one of many of its kind.

    *event* names it for programs, *facts* are what they read.
    """

    event: str
    text: str
    tone: Tone = Tone.PLAIN
    facts: Mapping[str, object] = field(default_factory=dict)
    often: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """What was asked for is not done; *problem* says why."""

    problem: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The program is to be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The service is to be told *word* over the line; *code* is that of a control."""

    word: str
    code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The process is to be sent a signal, named without its SIG."""

    name: str


Effect = Say | Refuse | Launch | Send | Signal


class Simulation(Protocol):
    """A simulated manager of one service: a value, and what follows from what happens to it."""

    @property
    def who(self) -> str:
        """What it is called in the lines it says."""

    @property
    def phase(self) -> Phase:
        """Where it takes the service to stand."""

    @property
    def due(self) -> float | None:
        """When it wants to be told that it has waited, by the clock of *at*."""

    @property
    def reloads(self) -> int:
        """How many reloads have ended so far."""

    @property
    def asking(self) -> bool:
        """Whether the service has not answered yet what it was asked last."""

    @property
    def watches(self) -> bool:
        """Whether it ends a service that hangs."""

    def step(self, happened: Input, *, at: float) -> tuple[Self, tuple[Effect, ...]]:
        """Give the manager after *happened*, at *at* seconds of CLOCK_MONOTONIC."""


def how_it_ended(ended: Exit) -> str:
    """Say how a process ended."""
    if ended.signal is not None:
        return f"killed by SIG{ended.signal}"
    return "status unknown" if ended.code is None else f"status {ended.code}"
