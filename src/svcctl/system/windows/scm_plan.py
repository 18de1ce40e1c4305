"""Decides how the SCM is to keep a service; calls nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

from svcctl.errors import Conflict, Mistake, SpecError
from svcctl.ports import Act
from svcctl.spec import hostless
from svcctl.spec.native import Recovery, RecoveryPolicy, RecoveryStep, Sandbox
from svcctl.spec.policy import LogTo, RestartWhen
from svcctl.spec.service import Need, Scope, ServiceSpec, Start
from svcctl.spec.windows_stop import native_stop
from svcctl.system.windows.scm_config import (
    GROUP,
    FailureActions,
    FailureStep,
    ScmConfig,
    ScmStart,
    differing,
    text,
)
from svcctl.system.windows.scm_triggers import scm_trigger

MANAGER = "scm"
"""The name of this manager in specs and registrations."""

DEFAULT_SECURITY = (
    "D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)"
    "(A;;CCLCSWLOCRRC;;;IU)(A;;CCLCSWLOCRRC;;;SU)"
)
"""What Windows gives a service nobody gave another DACL: Service Security and Access Rights."""

_LONGEST_DISPLAY_NAME = 256  # CreateServiceW
_SPARE = 10.0  # seconds beyond the time-outs of a stop, for killing and for the last word
_DACL = re.compile(r"D:[^:]*")
_BEFORE_QUOTE = re.compile(r'(\\*)"')
_AT_END = re.compile(r"(\\+)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What a spec does not say of itself.

    *command* is the argv of the host, or of the service itself, *account* as CreateServiceW takes
    it, *keepers* names the native manager of every service there is one for; *had_security*: the
    last definition had a DACL.
    """

    command: Sequence[str]
    account: str
    enabled: bool
    keepers: Mapping[str, str]
    had_security: bool = False


def desired(spec: ServiceSpec, standpoint: Standpoint) -> ScmConfig:
    """Give the configuration of the service that *spec* describes.

    What it ``needs`` becomes a dependency: Windows starts it first, and the host there says
    RUNNING only once its service is ready.  ``after`` is about order alone, of which the SCM knows
    nothing, so it has no effect.  Raises SpecError for what has no meaning under the SCM, Conflict
    for a need that another manager keeps.
    """
    refuse_foreign(spec)
    windows = spec.windows
    security = windows.security or (DEFAULT_SECURITY if standpoint.had_security else None)
    return ScmConfig(
        command=quoted(standpoint.command),
        display_name=spec.display_name or spec.name,
        description=spec.description,
        start=start_of(spec.start, enabled=standpoint.enabled),
        account=standpoint.account,
        dependencies=_dependencies(spec, standpoint.keepers),
        error_control=windows.error_control,
        load_order_group=windows.load_order_group,
        sid_type=windows.sid_type,
        privileges=tuple(windows.privileges or ()),
        failure_actions=_failure_actions(_recovery(spec)),
        actions_on_error=windows.recovery.on_error and bool(windows.recovery.steps),
        preshutdown=_preshutdown(spec),
        triggers=tuple(map(scm_trigger, windows.triggers)),
        security=security,
    )


def acts(name: str, before: ScmConfig | None, wanted: ScmConfig) -> tuple[Act, ...]:
    """Give what has to be set for the service *name* to be as *wanted*; before None: it is new."""
    if before is None:
        new = [(each.name, text(wanted, each.name)) for each in fields(ScmConfig)]
        return tuple(_set(name, member, said, None) for member, said in new if said)
    return tuple(
        _set(name, member, text(wanted, member), text(before, member) or None)
        for member in differing(before, wanted)
    )


def _set(name: str, member: str, said: str, before: str | None) -> Act:
    target = f"service {name}: {member.replace('_', ' ')}"
    return Act(kind="set", target=target, text=said, before=before)


def start_of(start: Start, *, enabled: bool) -> ScmStart:
    """Say when Windows starts a service defined as *start*, now that it is *enabled* or is not."""
    match start, enabled:
        case Start.DELAYED, True:
            return ScmStart.DELAYED
        case _, True:
            return ScmStart.AUTO
        case Start.DISABLED, False:
            return ScmStart.DISABLED
        case _:
            return ScmStart.MANUAL


def by_itself(start: Start) -> bool:
    """Say whether a service defined as *start* starts by itself, as long as nobody changes that."""
    return start in {Start.AUTO, Start.DELAYED}


def quoted(argv: Iterable[str]) -> str:
    r"""Give the command line of *argv*, each word in quotes, however harmless it looks.

    Without them ``C:\Program Files\x.exe`` would have Windows try ``C:\Program.exe`` first
    (CWE-428).  Backslashes count double where a quote follows: CommandLineToArgvW.
    """
    return " ".join(map(_quote, argv))


def _quote(word: str) -> str:
    escaped = _AT_END.sub(r"\1\1", _BEFORE_QUOTE.sub(r'\1\1\\"', word))
    return f'"{escaped}"'


def refuse_foreign(spec: ServiceSpec) -> None:
    """Raise SpecError, with every one of them, where *spec* asks for what the SCM does not have."""
    if not spec.host:
        hostless.refuse_for_scm(spec)
    found = [
        Mistake(problem=f"service {spec.name!r}: {problem}", hint=hint)
        for problem, hint in (*_foreign(spec), *_misfits(spec))
    ]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise SpecError(f"{found[0].problem}{more}", hint=found[0].hint, mistakes=found)


def _foreign(spec: ServiceSpec) -> Iterator[tuple[str, str]]:
    """Give options of other systems, each with what to do instead."""
    account = "give rights to its account: option user"
    rights = "choose windows.privileges and windows.sid_type"
    for option, given, hint in (
        ("umask", spec.umask is not None, "set permissions on the folder it writes to"),
        ("group", spec.group is not None, account),
        ("supplementary_groups", spec.supplementary_groups is not None, account),
        ("no_new_privs", spec.no_new_privs, rights),
        ("cap_bound", spec.cap_bound is not None, rights),
        ("sandbox", spec.sandbox is not Sandbox.OFF, rights),
        ("limits.rlimit", bool(spec.limits.rlimit), "use limits.memory, limits.cpu, limits.tasks"),
        ("limits.nofile", spec.limits.nofile is not None, "Windows has no such limit"),
        ("reload.signal", spec.reload.signal is not None, "use reload.exec"),
    ):
        if given:
            yield f"Windows has no {option!r}", hint


def _misfits(spec: ServiceSpec) -> Iterator[tuple[str, str]]:
    """Give values that do not go with the SCM, each with what to do instead."""
    windows = spec.windows
    if spec.scope is Scope.USER:
        yield "the SCM keeps no services of users", "leave scope out, or use manager = 'agent'"
    if spec.log.to is LogTo.JOURNAL:
        yield "Windows has no journal", "use log.to = 'capture'"
    if any(need is Need.DONE for need in spec.needs.values()):
        yield "the SCM cannot wait until another service is done", "use hook.pre_start"
    if windows.security is not None and not _DACL.fullmatch(windows.security):
        yield "windows.security is not just a DACL", 'for example "D:(A;;GA;;;SY)(A;;GA;;;BA)"'
    if len(spec.display_name) > _LONGEST_DISPLAY_NAME:
        yield f"display_name is longer than {_LONGEST_DISPLAY_NAME} characters", "shorten it"
    if spec.start is Start.DELAYED and windows.load_order_group:
        yield "what starts delayed cannot be in a load order group", "start = 'auto'"
    runs = any(step.do is Recovery.RUN for step in windows.recovery.steps)
    if runs and not windows.recovery.command:
        yield "windows.recovery runs a command and has none", "add windows.recovery.command"
    yield from _refused_by(partial(native_stop, spec.stop))
    for trigger in windows.triggers:
        yield from _refused_by(partial(scm_trigger, trigger))


def _refused_by(check: Callable[[], object]) -> Iterator[tuple[str, str]]:
    try:
        check()
    except SpecError as error:
        yield error.problem, error.hint


def _dependencies(spec: ServiceSpec, keepers: Mapping[str, str]) -> tuple[str, ...]:
    for name in spec.needs:
        keeper = keepers.get(name, MANAGER)
        if keeper != MANAGER:
            raise Conflict(
                f"service {spec.name!r} needs {name!r}, which is kept by {keeper}, not by the SCM",
                hint=f"keep both in one place: svcctl uninstall {name}, then install it anew",
            )
    services = {name.casefold(): name for name in (*spec.windows.depends_on, *spec.needs)}
    groups = [f"{GROUP}{name.removeprefix(GROUP)}" for name in spec.windows.depends_on_groups]
    return (*services.values(), *groups)


def _recovery(spec: ServiceSpec) -> RecoveryPolicy:
    """Give what Windows does after a failure: all that is done where no host restarts anything."""
    given, restart = spec.windows.recovery, spec.restart
    if spec.host or given.steps != RecoveryPolicy().steps:
        return given
    if restart.policy is RestartWhen.NEVER:
        return replace(given, steps=())
    delays = [
        min(restart.delay * restart.factor**number, restart.max_delay)
        for number in range(restart.max or 1)
    ]
    steps = [RecoveryStep(do=Recovery.RESTART, delay=each) for each in delays]
    if restart.max:
        steps.append(RecoveryStep(do=Recovery.NONE, delay=0.0))
    return replace(given, steps=tuple(steps), reset=restart.window)


def _failure_actions(recovery: RecoveryPolicy) -> FailureActions:
    if not recovery.steps:
        return FailureActions()
    return FailureActions(
        steps=tuple(
            FailureStep(do=step.do, delay=round(step.delay * 1000)) for step in recovery.steps
        ),
        reset=round(recovery.reset),
        command=recovery.command,
        reboot_message=recovery.reboot_message,
    )


def stop_time(spec: ServiceSpec) -> float:
    """Give the seconds that a stop of the service may take, if every step needs all of its time."""
    steps = sum(step.timeout for step in native_stop(spec.stop).steps())
    return steps + spec.hook.timeout * (len(spec.hook.pre_stop) + len(spec.hook.post_stop))


def _preshutdown(spec: ServiceSpec) -> int | None:
    """Give the milliseconds Windows is to wait for a stop at shutdown; None: it need not."""
    if not spec.windows.preshutdown:
        return None
    given = spec.windows.preshutdown_timeout
    return round((stop_time(spec) + _SPARE if given is None else given) * 1000)
