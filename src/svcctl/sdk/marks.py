"""What a method of a service says of itself: that it is done again and again, or is a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, TypeVar

from svcctl.errors import UsageError
from svcctl.sdk.lengths import interval, seconds
from svcctl.spec.policy import Schedule

Method = TypeVar("Method", bound=Callable[..., object])

Group = Literal["live", "ready"]

_MARKS = "__svcctl_marks__"
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


class OnError(StrEnum):
    """What an error in a job means: a line in the log, or the end of the service."""

    LOG = "log"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMark:
    """A method that is called by the clock; lengths in seconds."""

    schedule: Schedule
    jitter: float = 0.0
    timeout: float | None = None
    on_error: OnError = OnError.LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMark:
    """A method that says whether the service is well; lengths in seconds."""

    group: Group
    timeout: float = 2.0
    cache: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMark:
    """A method that takes up what a former process left of a saga."""

    saga: str


Mark = JobMark | CheckMark | ResumeMark


def every(
    period: str | float,
    *,
    jitter: str | float = 0.0,
    timeout: str | float | None = None,
    on_error: Literal["log", "crash"] = "log",
) -> Callable[[Method], Method]:
    """Have a method called each *period* (``"1m"``, or seconds) while the service runs.

    The first call comes one period after the service is ready.  Each is later by up to *jitter*.
    One that takes longer than *timeout* is cancelled, which is an error; one that takes longer
    than the period skips the calls it overran.  While the service is paused nothing is called.
    """
    schedule = Schedule(every=interval(period))
    return _marking(schedule, jitter=jitter, timeout=timeout, on_error=on_error)


def cron(
    expression: str,
    *,
    jitter: str | float = 0.0,
    timeout: str | float | None = None,
    on_error: Literal["log", "crash"] = "log",
) -> Callable[[Method], Method]:
    """Have a method called at the times of *expression*, five fields as in crontab(5), local time.

    Otherwise as :func:`every`.  Raises UsageError where the expression is none.
    """
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only services with such a job need it

    try:
        CronSim(expression, _SOME_DAY)
    except CronSimError as error:
        raise UsageError(
            f"{expression!r} is no cron expression: {error}", hint='such as "*/5 * * * *"'
        ) from error
    schedule = Schedule(cron=expression)
    return _marking(schedule, jitter=jitter, timeout=timeout, on_error=on_error)


def check(
    group: Group, *, timeout: str | float = 2.0, cache: str | float = 1.0
) -> Callable[[Method], Method]:
    """Have a method asked whether the service is well: false, or an error, says that it is not.

    ``"live"`` is about the service itself: who fails it is started anew.  ``"ready"`` is about what
    it needs as well, such as a database: who fails it gets no work.  No answer within *timeout* is
    a bad one; an answer holds for *cache*.
    """
    mark = CheckMark(group=group, timeout=interval(timeout), cache=seconds(cache))

    def marked(method: Method) -> Method:
        _add(method, mark)
        return method

    return marked


def resumes(saga: str) -> Callable[[Method], Method]:
    """Have a method called, once the service is ready, with each run of *saga* that is not over.

    It is given the run and the value that run was begun with, and does with them what it did
    before: ``async with ctx.saga(saga, run, value=value)``.
    """

    def marked(method: Method) -> Method:
        _add(method, ResumeMark(saga=saga))
        return method

    return marked


def marks_of(method: object) -> tuple[Mark, ...]:
    """Give what *method* says of itself, in the order of its decorators from below."""
    found: tuple[Mark, ...] = getattr(method, _MARKS, ())
    return found


def _marking(
    schedule: Schedule,
    *,
    jitter: str | float,
    timeout: str | float | None,
    on_error: Literal["log", "crash"],
) -> Callable[[Method], Method]:
    mark = JobMark(
        schedule=schedule,
        jitter=seconds(jitter),
        timeout=None if timeout is None else interval(timeout),
        on_error=OnError(on_error),
    )

    def marked(method: Method) -> Method:
        _add(method, mark)
        return method

    return marked


def _add(method: object, mark: Mark) -> None:
    setattr(method, _MARKS, (*marks_of(method), mark))
