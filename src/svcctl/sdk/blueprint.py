"""What a service is made of, however its author has written it: as a class, or on an App."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from svcctl.errors import UsageError
from svcctl.sdk.marks import CheckMark, JobMark, marks_of
from svcctl.spec.names import SERVICE_NAME

Call = Callable[..., object]
"""A function of the author's, async or plain."""

HOOKS = ("on_reload", "on_pause", "on_resume", "on_stop", "on_control")

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A function that is called by the clock."""

    name: str
    call: Call
    mark: JobMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A function that says whether the service is well."""

    name: str
    call: Call
    mark: CheckMark


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long each part of a life may take, in seconds.

    *start*: until it is ready; *hook*: one of its hooks; *drain*: to finish what is under way;
    *cancel*: to end once it is cut off.
    """

    start: float = 90.0
    hook: float = 30.0
    drain: float = 30.0
    cancel: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A service before it lives."""

    name: str
    run: Call
    hooks: Mapping[str, Call] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    checks: tuple[Check, ...] = ()
    config: type | None = None
    limits: TimeLimits = field(default_factory=TimeLimits)
    summary: str = ""


def jobs_of(methods: Mapping[str, Call]) -> tuple[Job, ...]:
    """Give the jobs among *methods*."""
    return tuple(
        Job(name=name, call=call, mark=mark)
        for name, call in methods.items()
        for mark in marks_of(call)
        if isinstance(mark, JobMark)
    )


def checks_of(methods: Mapping[str, Call]) -> tuple[Check, ...]:
    """Give the checks among *methods*."""
    return tuple(
        Check(name=name, call=call, mark=mark)
        for name, call in methods.items()
        for mark in marks_of(call)
        if isinstance(mark, CheckMark)
    )


def checked_name(name: str) -> str:
    """Give *name* if a service can be called that, or raise UsageError."""
    if not SERVICE_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a service",
            hint="small letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return name


def dashed(name: str) -> str:
    """Give the name of a class as that of a service: ``OrderMailer`` is ``order-mailer``."""
    return _WORD.sub("-", name).lower()
