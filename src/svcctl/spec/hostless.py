"""What a host does for a program, and nobody else can: for services that are started without."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.errors import Mistake, SpecError
from svcctl.spec.handover import by_credentials, by_timer
from svcctl.spec.policy import Hooks, Limits, LogTo, StopPolicy
from svcctl.spec.service import Manager, ServiceSpec, Type

_READY = frozenset(("exec", "notify"))

Asked = Iterator[tuple[str, bool]]
"""Options by name, each with whether it asks for something."""


def is_hosted(spec: ServiceSpec, manager: str) -> bool:
    """Say whether *manager* has a host keep the program: only two can do without."""
    return spec.host or manager not in {Manager.SYSTEMD, Manager.SCM}


def in_journal(spec: ServiceSpec, manager: str) -> bool:
    """Say whether the journal has what the program writes: systemd puts it there by itself."""
    by_itself = manager == Manager.SYSTEMD and not spec.host
    return spec.log.to is LogTo.JOURNAL or by_itself


def refuse_for_systemd(spec: ServiceSpec) -> None:
    """Raise SpecError, naming all of it, where *spec* wants of systemd what only a host can do."""
    _refuse(spec, (*_anywhere(spec), *_beyond_systemd(spec)))


def refuse_for_scm(spec: ServiceSpec) -> None:
    """Raise SpecError, naming all of it, where *spec* wants of the SCM what only a host can do."""
    _refuse(spec, (*_anywhere(spec), *_beyond_the_scm(spec)))


def _anywhere(spec: ServiceSpec) -> Asked:
    """Give what neither of them does for a program."""
    yield "instances", spec.instances > 1
    yield "health", any(each.kind != "heartbeat" for each in spec.health)
    yield "ready", spec.ready not in _READY
    yield "hook.pause", bool(spec.hook.pause)
    yield "hook.resume", bool(spec.hook.resume)
    yield "limits.memory_restart", spec.limits.memory_restart is not None
    yield "reload.watch", bool(spec.reload.watch)
    yield "rules", bool(spec.rules)
    yield "stop.http", any(each.http is not None for each in spec.stop.steps())


def _beyond_systemd(spec: ServiceSpec) -> Asked:
    yield "schedule", spec.schedule is not None and not by_timer(spec)
    yield "secrets", bool(spec.secrets) and not by_credentials(spec)


def _beyond_the_scm(spec: ServiceSpec) -> Asked:
    yield "type", spec.type is not Type.SERVICE
    yield "shell", spec.shell
    yield "stdin", spec.stdin != "null"
    yield "env_file", bool(spec.env_file)
    yield "env_clean", spec.env_clean
    yield "secrets", bool(spec.secrets)
    yield "schedule", spec.schedule is not None
    yield "hook", spec.hook != Hooks(pause=spec.hook.pause, resume=spec.hook.resume)
    yield "limits", spec.limits != Limits(memory_restart=spec.limits.memory_restart)
    yield "stop", spec.stop != StopPolicy(timeout=spec.stop.timeout)
    yield "reload.exec", bool(spec.reload.exec)
    yield "windows.controls", bool(spec.windows.controls)
    yield "windows.priority", spec.windows.priority is not None


def _refuse(spec: ServiceSpec, asked: tuple[tuple[str, bool], ...]) -> None:
    hint = "leave it out, or leave out: host = false"
    found = [
        Mistake(problem=f"service {spec.name!r}: only a host does {option!r}", hint=hint)
        for option, wanted in asked
        if wanted
    ]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise SpecError(f"{found[0].problem}{more}", hint=hint, mistakes=found)
