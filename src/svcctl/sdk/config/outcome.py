"""The words in which a live configuration speaks of what became of a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from svcctl.errors import Mistake

T = TypeVar("T")


class Verdict(StrEnum):
    """What became of a change."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    RESTART_WANTED = "restart_wanted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A configuration that was refused, and why; the one before it stays in force.

    *at* is seconds since 1970, UTC; *who* asked, for *what*, and where it came from.
    """

    at: float
    who: str
    what: str
    origin: str
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change.

    *version* is the one in force now; *changed* are the keys that differ; *restart_wanted* those
    of them that need a new process.  *unrecorded* says why the history did not take it.
    """

    verdict: Verdict
    version: int
    changed: frozenset[str] = frozenset()
    restart_wanted: frozenset[str] = frozenset()
    rejected: Rejected | None = None
    unrecorded: str = ""


async def _nothing(*_: object) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners(Generic[T]):
    """Who is told of changes; each may be a plain function or an async one.

    *on_change* gets the old and the new value and the keys that differ; if it raises, the old
    value is put back and the change is rejected.  *on_restart* is called in its stead where a
    key that changed is marked ``restart=True``: the new value is for the next process.  The
    next change waits for them.
    """

    on_change: Callable[[T, T, frozenset[str]], Awaitable[None] | None] = _nothing
    on_restart: Callable[[frozenset[str]], Awaitable[None] | None] = _nothing
    on_rejected: Callable[[Rejected], Awaitable[None] | None] = _nothing
