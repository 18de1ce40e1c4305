"""What was done, or is being done, by itself: what budgets count, over restarts of the agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum

from svcctl.ports import Document
from svcctl.spec.heal_notation import Budget
from svcctl.spec.log_rule import RUN

RULE = "rule "
"""Begins what is said of whoever asked where that is a rule."""


class State(StrEnum):
    """How far it has come; UNKNOWN: the agent ended before it was over."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One healing of *service*: *what* (``restart``) was done about *why*, asked for *by* whom.

    *instance* is the only one it was done to, empty where it was done to all.
    *at* and *ended* are in seconds since 1970; *ended* is 0 while it is under way.
    """

    number: int
    at: float
    service: str
    what: str
    by: str
    why: str
    instance: str = ""
    state: State = State.BEGUN
    ended: float = 0.0
    problem: str = ""

    @property
    def may_help(self) -> bool:
        """Whether it may be the end of what is wrong: commands that rules run only look."""
        return not (self.what.startswith(RUN) and self.by.startswith(RULE))

    def document(self) -> Document:
        """Give it as JSON can hold it."""
        return asdict(self) | {"state": str(self.state)}


def deed_of(document: Document) -> Deed | None:
    """Read what :meth:`Deed.document` gave; None where it is no deed, or of another version."""
    kinds = {"number": int, "service": str, "what": str, "by": str, "why": str, "instance": str}
    kinds |= {"problem": str}
    times = ("at", "ended")
    try:
        if not all(isinstance(document[name], kind) for name, kind in kinds.items()):
            return None
        values = {name: float(str(document[name])) for name in times}
        words = {name: document[name] for name in kinds}
        return Deed(**words, **values, state=State(str(document["state"])))  # type: ignore[arg-type]
    except (KeyError, ValueError, TypeError):
        return None


def free_at(times: Iterable[float], budget: Budget, *, now: float) -> float | None:
    """Give when *budget* has room for one more after those at *times*: None now, inf never."""
    spent = sorted(each for each in times if each > now - budget.within)
    if len(spent) < budget.most:
        return None
    return spent[-budget.most] + budget.within if budget.most else float("inf")
