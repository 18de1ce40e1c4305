"""What only one operating system's own manager knows: options of the SCM and of systemd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.spec.units import Command, Duration, Period

PASSWORD_AT_HAND = "env:SVCCTL_SERVICE_PASSWORD"  # noqa: S105 - where it is, not what
"""Where a password is that was given with a command: in that process alone, and not for long."""


class SidType(StrEnum):
    """Whether the service's own SID is in its token: SERVICE_SID_INFO."""

    NONE = "none"
    UNRESTRICTED = "unrestricted"
    RESTRICTED = "restricted"


class ErrorControl(StrEnum):
    """What Windows does at boot when the service fails to start: CreateServiceW."""

    IGNORE = "ignore"
    NORMAL = "normal"
    SEVERE = "severe"
    CRITICAL = "critical"


class Priority(StrEnum):
    """Priority classes of Windows: SetPriorityClass."""

    IDLE = "idle"
    BELOW_NORMAL = "below-normal"
    NORMAL = "normal"
    ABOVE_NORMAL = "above-normal"
    HIGH = "high"
    REALTIME = "realtime"


class Recovery(StrEnum):
    """What the SCM does after a failure: SC_ACTION_TYPE."""

    NONE = "none"
    RESTART = "restart"
    REBOOT = "reboot"
    RUN = "run"


class Sandbox(StrEnum):
    """How much of the machine the service is kept from, where the manager can."""

    OFF = "off"
    BASIC = "basic"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryStep:
    """What the SCM does after the n-th failure; the last step repeats."""

    do: Recovery = field(
        default=Recovery.RESTART, metadata={"doc": "restart, reboot, run (the command) or none"}
    )
    delay: Duration = field(default=60.0, metadata={"doc": "wait before it is done"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPolicy:
    """What the SCM does when the host dies, or svcctl has given up: SERVICE_FAILURE_ACTIONS."""

    steps: tuple[RecoveryStep, ...] = field(
        default=(
            RecoveryStep(do=Recovery.RESTART, delay=5.0),
            RecoveryStep(do=Recovery.RESTART, delay=60.0),
            RecoveryStep(do=Recovery.NONE, delay=0.0),
        ),
        metadata={"doc": "first, second, ... failure; the last repeats; empty: none at all"},
    )
    reset: Period = field(
        default=86400.0, metadata={"doc": "time without failure after which counting begins anew"}
    )
    on_error: bool = field(
        default=True, metadata={"doc": "also when the service stops by itself with an error"}
    )
    command: str = field(default="", metadata={"doc": "command line for `run`"})
    reboot_message: str = field(
        default="", metadata={"doc": "sent to users of the machine before a reboot"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Something that starts (or stops) the service: SERVICE_TRIGGER."""

    on: str = field(
        metadata={
            "doc": "ip-available, ip-lost, domain-join, domain-leave, machine-policy, user-policy, "
            "port-open:80/tcp, port-close:80/tcp, device:GUID or etw:GUID"
        }
    )
    do: str = field(default="start", metadata={"doc": "start or stop"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsOptions:
    """How the SCM keeps the service; the account is the option ``user``."""

    password: str | None = field(
        default=None,
        metadata={"doc": "where the account's password is (file:PATH, env:NAME), never itself"},
    )
    grant_logon: bool = field(
        default=True, metadata={"doc": "give a user account the right to log on as a service"}
    )
    privileges: tuple[str, ...] | None = field(
        default=("SeChangeNotifyPrivilege",),
        metadata={"doc": "the only privileges it keeps; empty: all of the account's"},
    )
    sid_type: SidType = field(
        default=SidType.UNRESTRICTED, metadata={"doc": "the service's SID in its token"}
    )
    depends_on: tuple[str, ...] = field(
        default=(), metadata={"doc": "services of Windows it needs, such as Tcpip"}
    )
    depends_on_groups: tuple[str, ...] = field(
        default=(), metadata={"doc": "load order groups it needs"}
    )
    load_order_group: str = field(default="", metadata={"doc": "load order group it belongs to"})
    error_control: ErrorControl = field(
        default=ErrorControl.NORMAL, metadata={"doc": "what happens when it fails at boot"}
    )
    recovery: RecoveryPolicy = field(
        default=RecoveryPolicy(),
        metadata={"doc": "what the SCM does when svcctl cannot go on"},
    )
    preshutdown: bool = field(
        default=True, metadata={"doc": "hear of a shutdown early, with time to stop in order"}
    )
    preshutdown_timeout: Period | None = field(
        default=None, metadata={"doc": "time Windows grants for that; default: what a stop takes"}
    )
    security: str | None = field(
        default=None,
        metadata={"doc": "who may start, stop and change the service, in SDDL; default: Windows'"},
    )
    triggers: tuple[Trigger, ...] = field(
        default=(), metadata={"doc": "what starts the service besides boot and people"}
    )
    controls: Mapping[str, Command] = field(
        default_factory=dict,
        metadata={"doc": 'commands for user control codes: "128" to "255"'},
    )
    priority: Priority | None = field(
        default=None, metadata={"doc": "priority class; default: that of limits.nice"}
    )
    breakaway: bool = field(
        default=False, metadata={"doc": "children may leave the job, and survive a stop"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdOptions:
    """Lines for the unit file as they stand; they come last, so they win."""

    unit: tuple[str, ...] = field(default=(), metadata={"doc": "lines for [Unit]"})
    service: tuple[str, ...] = field(default=(), metadata={"doc": "lines for [Service]"})
    install: tuple[str, ...] = field(default=(), metadata={"doc": "lines for [Install]"})
