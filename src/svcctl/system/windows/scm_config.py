"""What the SCM keeps of a service, as one value: the same whether it is wanted or was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from svcctl.spec.native import ErrorControl, Recovery, SidType
from svcctl.system.windows.scm_triggers import ScmTrigger, trigger_text

GROUP = "+"
"""What a load order group among dependencies begins with: SC_GROUP_IDENTIFIER."""


class ScmStart(StrEnum):
    """When the SCM starts a service; *boot* and *system* are for drivers."""

    BOOT = "boot"
    SYSTEM = "system"
    AUTO = "auto"
    DELAYED = "delayed"
    MANUAL = "manual"
    DISABLED = "disabled"


BY_ITSELF = frozenset((ScmStart.BOOT, ScmStart.SYSTEM, ScmStart.AUTO, ScmStart.DELAYED))
"""What starts without anybody asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStep:
    """What is done after the n-th failure, and how many milliseconds later."""

    do: Recovery
    delay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureActions:
    """What the SCM does after failures: SERVICE_FAILURE_ACTIONS.

    *reset* is in seconds; None: failures are never forgotten.
    """

    steps: tuple[FailureStep, ...] = ()
    reset: int | None = 0
    command: str = ""
    reboot_message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmConfig:
    """The configuration of one service.

    *command* is its whole command line; *dependencies* are services, and groups with a
    :data:`GROUP` before them; without *privileges* it has all of its account's; *preshutdown* is
    in milliseconds; *security* is the DACL of the service in SDDL.  In what is wanted, None
    leaves as it is what Windows has.
    """

    command: str
    display_name: str
    description: str = ""
    start: ScmStart = ScmStart.MANUAL
    account: str = "LocalSystem"
    dependencies: tuple[str, ...] = ()
    error_control: ErrorControl = ErrorControl.NORMAL
    load_order_group: str = ""
    sid_type: SidType = SidType.NONE
    privileges: tuple[str, ...] = ()
    failure_actions: FailureActions = FailureActions()
    actions_on_error: bool = False
    preshutdown: int | None = None
    triggers: tuple[ScmTrigger, ...] = ()
    security: str | None = None


OWN = frozenset(
    (
        *("command", "display_name", "start", "account", "dependencies"),
        *("error_control", "load_order_group"),
    )
)
"""Members that CreateServiceW and ChangeServiceConfigW set; the others have calls of their own."""


def created(config: ScmConfig) -> ScmConfig:
    """Give what stands there once CreateServiceW was called for *config*, and nothing else."""
    own: dict[str, Any] = {name: getattr(config, name) for name in OWN}
    if own["start"] is ScmStart.DELAYED:
        own["start"] = ScmStart.AUTO
    return ScmConfig(**own)


def differing(before: ScmConfig, wanted: ScmConfig) -> tuple[str, ...]:
    """Give the members of *wanted* that are not so in *before*, in their order.

    Names of accounts and privileges are compared as Windows does: without letter case.
    """
    return tuple(
        each.name
        for each in fields(ScmConfig)
        if getattr(wanted, each.name) is not None
        and _comparable(before, each.name) != _comparable(wanted, each.name)
    )


def _comparable(config: ScmConfig, name: str) -> object:
    value = getattr(config, name)
    match name:
        case "account":
            return value.casefold()
        case "privileges":
            return sorted(each.casefold() for each in value)
        case _:
            return value


def text(config: ScmConfig, name: str) -> str:
    """Give the member *name* of *config* for people."""
    value = getattr(config, name)
    return "" if value is None else _TEXTS.get(name, str)(value)


def _failure_actions(actions: FailureActions) -> str:
    steps = [f"{each.do} after {each.delay} ms" for each in actions.steps]
    if not steps:
        return ""
    never = actions.reset is None
    parts = [", ".join(steps), "never reset" if never else f"reset after {actions.reset} s"]
    parts += [f"command: {actions.command}"] if actions.command else []
    parts += [f"reboot message: {actions.reboot_message}"] if actions.reboot_message else []
    return "; ".join(parts)


_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "dependencies": ", ".join,
    "privileges": ", ".join,
    "failure_actions": _failure_actions,
    "actions_on_error": lambda value: "yes" if value else "",
    "preshutdown": lambda value: f"{value} ms",
    "triggers": lambda value: ", ".join(map(trigger_text, value)),
}
