"""What must hold within one service beyond the types of its options; see also native_rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from svcctl.spec import grammar
from svcctl.spec.cron import check_cron
from svcctl.spec.finding import Finding, checked
from svcctl.spec.heal_rules import heal_findings
from svcctl.spec.instance import for_instance
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.log_rules import hook_findings, rule_findings
from svcctl.spec.names import (
    CAPABILITIES,
    RESOURCE_LIMITS,
    SERVICE_NAME,
    VARIABLE_NAME,
    did_you_mean,
)
from svcctl.spec.native_rules import NATIVE_RULES, on_windows
from svcctl.spec.notation import show
from svcctl.spec.policy import OnChange, StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.python_service import check_target
from svcctl.spec.service import Manager, ServiceSpec, Type
from svcctl.spec.unavailable import value_problem


def findings(spec: ServiceSpec, *, windows: bool = False) -> Iterator[Finding]:
    """Give every rule that *spec* breaks; *windows*: it is to run on Windows."""
    first = for_instance(spec, 1, spec.instances)
    for rule in _RULES:
        yield from rule(first)
    if windows and spec.manager is not Manager.SCM:  # the SCM's are held to that anywhere
        yield from on_windows(first)
    yield from _instances(spec)


def _name(spec: ServiceSpec) -> Iterator[Finding]:
    if not SERVICE_NAME.fullmatch(spec.name):
        hint = "use a-z, 0-9, '.', '_' and '-', at most 63 characters, the first a letter or digit"
        yield Finding(path=(), problem=f"{show(spec.name)} cannot name a service", hint=hint)


def _command(spec: ServiceSpec) -> Iterator[Finding]:
    if not spec.exec:
        hint = 'add for example: exec = ["/usr/bin/app", "--serve"]'
        problem = f"service {spec.name!r} has no command"
        yield Finding(path=("exec",), problem=problem, hint=hint)
    if spec.shell and len(spec.exec) > 1:
        hint = "write exec as one string, or leave shell out"
        yield Finding(path=("exec",), problem="shell takes one string, not a list", hint=hint)


def _python(spec: ServiceSpec) -> Iterator[Finding]:
    if spec.python:
        yield from checked(("python",), check_target, spec.python)


def _unavailable(spec: ServiceSpec) -> Iterator[Finding]:
    path = ("restart", "give_up")
    if problem := value_problem(path_text(path), spec.restart.give_up):
        yield Finding(path=path, problem=problem, unavailable=True)


def _texts(spec: ServiceSpec) -> Iterator[Finding]:
    yield from checked(("ready",), grammar.check_ready, spec.ready)
    yield from checked(("stdin",), grammar.check_stdin, spec.stdin)
    for name, reference in spec.secrets.items():
        yield from checked(("secrets", name), grammar.check_secret, reference)
    if spec.stop.http is not None:
        yield from checked(("stop", "http"), grammar.check_url, spec.stop.http)
    if spec.ready == "health" and not spec.health:
        hint = f"add [[services.{spec.name}.health]] with http, tcp, exec, heartbeat, log or checks"
        yield Finding(path=("ready",), problem="ready = 'health' needs a probe", hint=hint)


def _names(spec: ServiceSpec) -> Iterator[Finding]:
    for table, names in (("env", spec.env), ("secrets", spec.secrets)):
        for name in names:
            if not VARIABLE_NAME.fullmatch(name):
                problem = f"{show(name)} cannot name a variable"
                hint = "use letters, digits and _, the first no digit"
                yield Finding(path=(table, name), problem=problem, hint=hint, about_key=True)
    for number, group in enumerate(spec.groups):
        if not SERVICE_NAME.fullmatch(group):
            hint = "use a-z, 0-9, '.', '_' and '-'"
            problem = f"{show(group)} cannot name a group"
            yield Finding(path=("groups", number), problem=problem, hint=hint)
    for label, value in spec.labels.items():
        if not label or set(label + value) & set(",=! \n\0"):
            problem = f"label {show(label)} = {show(value)} cannot be selected"
            hint = "use no blank, comma, = or !"
            yield Finding(path=("labels", label), problem=problem, hint=hint)
    yield from _empty(("user",), spec.user)
    yield from _empty(("group",), spec.group)
    yield from _empty(("pid_file",), spec.pid_file)
    for number, path in enumerate(spec.env_file):
        yield from _empty(("env_file", number), path.removeprefix("-"))


def _known_words(spec: ServiceSpec) -> Iterator[Finding]:
    for number, capability in enumerate(spec.cap_bound or ()):
        if capability not in CAPABILITIES:
            name = capability.lower().removeprefix("cap_")
            hint = f"write {name}" if name in CAPABILITIES else did_you_mean(name, CAPABILITIES)
            problem = f"{show(capability)} is not a capability"
            yield Finding(path=("cap_bound", number), problem=problem, hint=hint)
    for name in spec.limits.rlimit:
        if name not in RESOURCE_LIMITS:
            hint = did_you_mean(name, RESOURCE_LIMITS) or f"one of {', '.join(RESOURCE_LIMITS)}"
            if name in {"nofile", "nice"}:
                hint = f"it is an option of its own: limits.{name}"
            problem = f"{show(name)} is not a resource limit"
            path = ("limits", "rlimit", name)
            yield Finding(path=path, problem=problem, hint=hint, about_key=True)


def _schedule(spec: ServiceSpec) -> Iterator[Finding]:
    if spec.schedule is None:
        return
    cron, every = spec.schedule.cron, spec.schedule.every
    if (cron is None) == (every is None):
        problem = "a schedule needs one of cron and every"
        hint = 'write for example: every = "1h", or: cron = "0 3 * * *"'
        yield Finding(path=("schedule",), problem=problem, hint=hint)
    if cron is not None:
        yield from checked(("schedule", "cron"), check_cron, cron)


def _forking(spec: ServiceSpec) -> Iterator[Finding]:
    if spec.type is Type.FORKING and not spec.pid_file:
        hint = 'add for example: pid_file = "/run/app.pid"'
        problem = "a forking program needs a pid_file, to be found again"
        yield Finding(path=("type",), problem=problem, hint=hint)
    if spec.type is not Type.FORKING and spec.pid_file:
        hint = 'add: type = "forking", or leave pid_file out'
        yield Finding(path=("pid_file",), problem="pid_file is only for forking", hint=hint)


def _restart(spec: ServiceSpec) -> Iterator[Finding]:
    restart = spec.restart
    if restart.max_delay < restart.delay:
        hint = "make restart.max_delay longer, or restart.delay shorter"
        problem = "restart.max_delay is shorter than restart.delay"
        yield Finding(path=("restart", "max_delay"), problem=problem, hint=hint)


def _stop(spec: ServiceSpec) -> Iterator[Finding]:
    stop, plain = spec.stop, StopPolicy()
    if stop.sequence and (stop.signal, stop.exec, stop.http) != (plain.signal, (), None):
        problem = "stop.sequence stands instead of stop.signal, stop.exec and stop.http"
        hint = "make those steps of the sequence"
        yield Finding(path=("stop", "sequence"), problem=problem, hint=hint)
    for number, step in enumerate(stop.sequence):
        path: KeyPath = ("stop", "sequence", number)
        if sum((step.signal is not None, bool(step.exec), step.http is not None)) != 1:
            problem = "a step needs exactly one of signal, exec and http"
            yield Finding(path=path, problem=problem, hint="make two steps of two")
        if step.http is not None:
            yield from checked((*path, "http"), grammar.check_url, step.http)


def _reload(spec: ServiceSpec) -> Iterator[Finding]:
    reload = spec.reload
    if reload.signal is not None and reload.exec:
        problem = "reload takes one of signal and exec"
        yield Finding(path=("reload",), problem=problem, hint="leave one out")
    idle = reload.on_change is OnChange.RELOAD and reload.signal is None and not reload.exec
    if reload.watch and idle:
        hint = 'add reload.signal or reload.exec, or: on_change = "restart"'
        problem = "a change of a watched file has nothing to trigger"
        yield Finding(path=("reload", "watch"), problem=problem, hint=hint)


def _limits(spec: ServiceSpec) -> Iterator[Finding]:
    hard, soft = spec.limits.memory, spec.limits.memory_restart
    if hard is not None and soft is not None and soft >= hard:
        problem = "limits.memory_restart must be less than limits.memory to act before it"
        yield Finding(path=("limits", "memory_restart"), problem=problem)


def _health(spec: ServiceSpec) -> Iterator[Finding]:
    for number, probe in enumerate(spec.health):
        yield from _probe(probe, ("health", number))


def _probe(probe: Probe, path: KeyPath) -> Iterator[Finding]:
    texts = (probe.http, probe.tcp, probe.heartbeat, probe.log, probe.checks)
    kinds = sum(text is not None for text in texts) + bool(probe.exec)
    if kinds != 1:
        problem = "a probe needs exactly one of http, tcp, exec, heartbeat, log and checks"
        hint = (
            'add for example: http = "http://127.0.0.1:8080/"'
            if not kinds
            else "write one for each"
        )
        yield Finding(path=path, problem=problem, hint=hint)
        return
    if probe.http is not None:
        yield from checked((*path, "http"), grammar.check_url, probe.http)
    if probe.tcp is not None:
        yield from checked((*path, "tcp"), grammar.check_address, probe.tcp)
    if probe.http is not None:
        yield from checked((*path, "expect"), grammar.check_expect, probe.expect)
    elif probe.expect != Probe().expect:
        problem = f"expect is only for http, not for {probe.kind}"
        yield Finding(path=(*path, "expect"), problem=problem, hint="leave it out")


def _instances(spec: ServiceSpec) -> Iterator[Finding]:
    shared = spec.pid_file is not None and "${INSTANCE" not in spec.pid_file
    if spec.instances > 1 and shared:
        problem = f"{spec.instances} instances cannot share one pid_file"
        yield Finding(path=("pid_file",), problem=problem, hint="put ${INSTANCE} into its name")


def _empty(path: KeyPath, text: str | None) -> Iterator[Finding]:
    if text is not None and not text.strip():
        yield Finding(path=path, problem=f"{path_text(path)} is empty", hint="leave it out")


_RULES: tuple[Callable[[ServiceSpec], Iterator[Finding]], ...] = (
    _name,
    _command,
    _python,
    _unavailable,
    _texts,
    _names,
    _known_words,
    _schedule,
    _forking,
    _restart,
    _stop,
    _reload,
    _limits,
    _health,
    rule_findings,
    hook_findings,
    heal_findings,
    *NATIVE_RULES,
)
