"""What must hold of options that only one operating system's own manager knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from svcctl.errors import SpecError
from svcctl.spec import grammar
from svcctl.spec.finding import Finding, checked
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import WINDOWS_SIGNALS
from svcctl.spec.native import Recovery, Sandbox
from svcctl.spec.notation import show
from svcctl.spec.policy import LogTo, StopPolicy
from svcctl.spec.service import Manager, Scope, ServiceSpec
from svcctl.spec.windows_stop import native_stop

_CONTROLS = range(128, 256)
"""User-defined control codes: ControlService."""

_PRIVILEGE = re.compile(r"Se[A-Za-z]+Privilege")

_SYSTEMD = frozenset((Manager.AUTO, Manager.SYSTEMD))
_POSIX = frozenset((Manager.SYSTEMD, Manager.LAUNCHD))


def _windows(spec: ServiceSpec) -> Iterator[Finding]:
    windows = spec.windows
    if windows.password is not None:
        yield from checked(("windows", "password"), grammar.check_secret, windows.password)
    if windows.security is not None:
        yield from checked(("windows", "security"), grammar.check_dacl, windows.security)
    for number, trigger in enumerate(windows.triggers):
        path: KeyPath = ("windows", "triggers", number)
        yield from checked((*path, "on"), grammar.check_trigger, trigger.on)
        if trigger.do not in {"start", "stop"}:
            problem = f"{path_text((*path, 'do'))}: a trigger cannot {show(trigger.do)}"
            yield Finding(path=(*path, "do"), problem=problem, hint="write start or stop")
    for number, privilege in enumerate(windows.privileges or ()):
        if not _PRIVILEGE.fullmatch(privilege):
            problem = f"{show(privilege)} is not a privilege"
            hint = "write its constant, such as SeChangeNotifyPrivilege"
            yield Finding(path=("windows", "privileges", number), problem=problem, hint=hint)
    yield from _controls(spec)
    yield from _recovery(spec)


def _controls(spec: ServiceSpec) -> Iterator[Finding]:
    for code in spec.windows.controls:
        if not code.isdecimal() or str(int(code)) != code or int(code) not in _CONTROLS:
            problem = f"{show(code)} is not a user control code"
            path = ("windows", "controls", code)
            hint = 'codes are numbers from "128" to "255"'
            yield Finding(path=path, problem=problem, hint=hint, about_key=True)


def _recovery(spec: ServiceSpec) -> Iterator[Finding]:
    recovery = spec.windows.recovery
    for number, step in enumerate(recovery.steps):
        if step.do is Recovery.RUN and not recovery.command:
            path = ("windows", "recovery", "steps", number, "do")
            hint = "add windows.recovery.command"
            yield Finding(path=path, problem="there is no command to run", hint=hint)


def _systemd(spec: ServiceSpec) -> Iterator[Finding]:
    sections = (
        ("unit", spec.systemd.unit),
        ("service", spec.systemd.service),
        ("install", spec.systemd.install),
    )
    for section, lines in sections:
        for number, line in enumerate(lines):
            yield from checked(("systemd", section, number), grammar.check_unit_line, line)
    if spec.log.to is LogTo.JOURNAL and spec.manager not in _SYSTEMD:
        hint = "write capture, or leave manager out"
        problem = f"manager {str(spec.manager)!r} has no journal"
        yield Finding(path=("log", "to"), problem=problem, hint=hint)
    if spec.sandbox is not Sandbox.OFF and spec.manager not in _SYSTEMD:
        problem = f"manager {str(spec.manager)!r} has no sandbox"
        hint = "leave sandbox out, or have systemd keep the service"
        yield Finding(path=("sandbox",), problem=problem, hint=hint)


def _scope(spec: ServiceSpec) -> Iterator[Finding]:
    if spec.scope is not Scope.USER:
        return
    if spec.manager is Manager.SCM:
        hint = "leave scope out, or use manager = 'agent'"
        yield Finding(path=("scope",), problem="the SCM keeps no services of users", hint=hint)
    elif spec.user is not None and spec.manager is not Manager.AGENT:
        problem = "a user's own service can run as nobody else"
        hint = "leave user out, or write: scope = 'system'"
        yield Finding(path=("user",), problem=problem, hint=hint)


def _signals(spec: ServiceSpec) -> Iterator[Finding]:
    if spec.manager in _POSIX:
        for path, signal in _sent(spec):
            if signal in WINDOWS_SIGNALS:
                problem = f"manager {str(spec.manager)!r} runs where there is no {signal!r}"
                yield Finding(path=path, problem=problem, hint="write a signal such as TERM")
    elif spec.manager is Manager.SCM:
        yield from on_windows(spec)


def on_windows(spec: ServiceSpec) -> Iterator[Finding]:
    """Give what Windows cannot do, whoever keeps the service there; not what is for elsewhere."""
    if spec.manager in _POSIX:
        return
    if spec.reload.signal is not None:
        problem = "Windows has no signals to reload by"
        yield Finding(path=("reload", "signal"), problem=problem, hint="use reload.exec")
    if not spec.stop.sequence:
        yield from _unknown_there(("stop", "signal"), spec.stop)
    for number, step in enumerate(spec.stop.sequence):
        path = ("stop", "sequence", number, "signal")
        yield from _unknown_there(path, StopPolicy(sequence=(step,)))


def _unknown_there(path: KeyPath, stop: StopPolicy) -> Iterator[Finding]:
    try:
        native_stop(stop)
    except SpecError as error:
        yield Finding(path=path, problem=error.problem, hint=error.hint)


def _sent(spec: ServiceSpec) -> Iterator[tuple[KeyPath, str | None]]:
    yield ("stop", "signal"), spec.stop.signal
    yield ("reload", "signal"), spec.reload.signal
    for number, step in enumerate(spec.stop.sequence):
        yield ("stop", "sequence", number, "signal"), step.signal


NATIVE_RULES: tuple[Callable[[ServiceSpec], Iterator[Finding]], ...] = (
    _windows,
    _systemd,
    _scope,
    _signals,
)
"""Each gives what it finds wrong in one service."""
