"""What happens in a living service, in words of its own: the log and the metrics listen.

Every part tells what it does and knows nobody who listens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRan:
    """A job was called by its clock; it took *seconds* and ended *at* (seconds since 1970)."""

    job: str
    outcome: Literal["done", "failed", "timed_out"]
    seconds: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSkipped:
    """A job was not called, *times* in a row, for its last call still lasted."""

    job: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkChanged:
    """So many pieces of work are under way now."""

    under_way: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """A call failed and is made again: *tries* so far, *wait* seconds until the next."""

    name: str
    error: Exception
    tries: int
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryEnded:
    """A call that was made again has ended; ``no_budget``: no token was left for another try."""

    name: str
    outcome: Literal["passed", "gave_up", "no_budget"]


class Position(StrEnum):
    """How a breaker stands: all pass, none does, or a few to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitMoved:
    """A breaker went from one position to another."""

    name: str
    before: Position
    now: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerAsked:
    """A call by way of a breaker has ended, or was refused."""

    name: str
    outcome: Literal["passed", "failed", "slow", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """So many calls are within a limit now."""

    name: str
    under_way: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRefused:
    """A limit had no room for a call."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPut:
    """An item was added to a queue."""

    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHandled:
    """A job of a queue left the hands of its consumer after *seconds*."""

    queue: str
    outcome: Literal["done", "retried", "dead"]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed:
    """A try of a job of a queue failed: again *wait* seconds from now, or (None) it is dead."""

    queue: str
    number: int
    tries: int
    error: str
    wait: float | None


class SagaPhase(StrEnum):
    """Where a run of a saga is."""

    RUNNING = "running"
    UNDOING = "undoing"
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaMoved:
    """A run went on to another phase; *error* says why it failed, if it did."""

    name: str
    run: str
    phase: SagaPhase
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """A new configuration was asked for; *version* is the number of the one in force."""

    outcome: Literal["applied", "rejected", "restart_wanted"]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """An error that nobody handled was reported."""

    where: str


Happening = (
    JobRan
    | JobSkipped
    | WorkChanged
    | Retried
    | RetryEnded
    | CircuitMoved
    | BreakerAsked
    | LimitChanged
    | LimitRefused
    | ItemPut
    | ItemHandled
    | JobFailed
    | SagaMoved
    | Reloaded
    | Crashed
)

Tell = Callable[[Happening], None]
"""Takes each as it happens, in the thread where it does; it must neither raise nor wait."""


def nobody(_: Happening) -> None:
    """Listen to nothing."""


Noted = Callable[[str, BaseException], object]
"""Is given an error that the service goes on after, and where it was."""


def unnoted(_: str, __: BaseException) -> None:
    """Note nothing."""
