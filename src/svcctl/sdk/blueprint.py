"""What a service is made of, however its author has written it: as a class, or on an App."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.errors import UsageError
from svcctl.sdk.calling import Call, fitted
from svcctl.sdk.lengths import seconds
from svcctl.sdk.marks import CheckMark, JobMark, ResumeMark, marks_of
from svcctl.sdk.traits import Traits
from svcctl.spec.names import SERVICE_NAME

_HOOKS = {"on_reload": 2, "on_pause": 0, "on_resume": 0, "on_stop": 1, "on_control": 1}

HOOKS = tuple(_HOOKS)
"""What a service may do when something happens to it."""


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
    resumers: Mapping[str, Call] = field(default_factory=dict)
    config: type | None = None
    traits: Traits = field(default_factory=Traits)
    limits: TimeLimits = field(default_factory=TimeLimits)
    summary: str = ""


def blueprint(
    name: str,
    run: Call,
    methods: Mapping[str, Call],
    *,
    config: type | None,
    traits: Traits,
    summary: str,
) -> Blueprint:
    """Make a blueprint of what was written, hooks and what is marked being among *methods*.

    Raises UsageError where a name is none, or a method wants what nobody gives it; SpecError where
    a length of time is none.
    """
    marked = [(each, call, mark) for each, call in methods.items() for mark in marks_of(call)]
    jobs = tuple(Job(name=n, call=c, mark=m) for n, c, m in marked if isinstance(m, JobMark))
    checks = tuple(Check(name=n, call=c, mark=m) for n, c, m in marked if isinstance(m, CheckMark))
    resumers = {m.saga: c for _, c, m in marked if isinstance(m, ResumeMark)}
    hooks = {each: methods[each] for each in HOOKS if each in methods}
    for each, call in hooks.items():
        fitted(each, call, given=_HOOKS[each])
    for each, call, mark in marked:
        fitted(each, call, given=2 if isinstance(mark, ResumeMark) else 0)
    return Blueprint(
        name=checked_name(name),
        run=run,
        hooks=hooks,
        jobs=jobs,
        checks=checks,
        resumers=resumers,
        config=config,
        traits=traits,
        limits=TimeLimits(
            start=seconds(traits.start_timeout),
            drain=seconds(traits.drain_timeout),
            hook=seconds(traits.hook_timeout),
        ),
        summary=summary,
    )


def checked_name(name: str) -> str:
    """Give *name* if a service can be called that, or raise UsageError."""
    if not SERVICE_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a service",
            hint="small letters, digits, '.', '_' and '-', beginning with a letter or digit",
        )
    return name
