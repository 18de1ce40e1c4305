"""What a check found, and what many found together: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How something is; DEGRADED works, but not as it should."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


class Group(StrEnum):
    """What a check is asked for.

    ``live``: whether the process itself is well, without what it depends on: who fails it is
    started anew.  ``ready``: whether it can do its work, what it depends on included: who fails it
    gets no work.  ``startup``: whether it has come up.
    """

    LIVE = "live"
    READY = "ready"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check found; *details* are for people, and hold nothing secret."""

    status: Status
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What several checks found; *status* is the worst of theirs, UP where there are none."""

    status: Status
    checks: Mapping[str, Result] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """It works, if only in a way."""
        return self.status is not Status.DOWN


_FROM_BEST = (Status.UP, Status.DEGRADED, Status.DOWN)


def worst(statuses: Iterable[Status]) -> Status:
    """Give the worst of *statuses*, UP of none."""
    return max(statuses, key=_FROM_BEST.index, default=Status.UP)


def result_of(answer: object) -> Result:
    """Give what the *answer* of a check means: a Result is one, false is DOWN, all else is UP.

    ``None`` is UP: a check that has nothing to say did not complain.
    """
    match answer:
        case Result():
            return answer
        case False:
            return Result(status=Status.DOWN)
        case _:
            return Result(status=Status.UP)


def spring(health: Health) -> dict[str, object]:
    """Give *health* as Spring Boot's Actuator does: ``status`` and ``components``."""
    return {
        "status": str(health.status),
        "components": {name: _spring(each) for name, each in health.checks.items()},
    }


def _spring(result: Result) -> dict[str, object]:
    details = {"details": dict(result.details)} if result.details else {}
    return {"status": str(result.status), **details}


_DRAFT = {Status.UP: "pass", Status.DEGRADED: "warn", Status.DOWN: "fail"}


def health_json(health: Health) -> dict[str, object]:
    """Give *health* as ``application/health+json``: draft-inadarei-api-health-check-06."""
    checks: dict[str, object] = {}
    for name, each in health.checks.items():
        found: dict[str, object] = {"status": _DRAFT[each.status]}
        if each.details:
            found["output"] = "; ".join(f"{key}: {value}" for key, value in each.details.items())
        checks[name] = [found]
    return {"status": _DRAFT[health.status], "checks": checks}
