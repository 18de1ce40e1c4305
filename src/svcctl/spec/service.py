"""What a person wrote about one service, validated once and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.spec.alert_policy import AlertPolicy
from svcctl.spec.detect_policy import DetectPolicy
from svcctl.spec.heal import HealPolicy
from svcctl.spec.log_rule import LogRule
from svcctl.spec.native import Sandbox, SystemdOptions, WindowsOptions
from svcctl.spec.policy import (
    Hooks,
    Limits,
    LogPolicy,
    ReloadPolicy,
    RestartPolicy,
    Schedule,
    StopPolicy,
)
from svcctl.spec.probe import Probe
from svcctl.spec.units import Command, Duration, InstanceCount, Octal


class Start(StrEnum):
    """When the manager starts the service by itself."""

    AUTO = "auto"
    DELAYED = "delayed"
    MANUAL = "manual"
    DISABLED = "disabled"


class Manager(StrEnum):
    """Who keeps the service."""

    AUTO = "auto"
    AGENT = "agent"
    SYSTEMD = "systemd"
    SCM = "scm"
    LAUNCHD = "launchd"


class Scope(StrEnum):
    """Whether the service belongs to the machine or to a user."""

    SYSTEM = "system"
    USER = "user"


class Type(StrEnum):
    """What the program does: stays, runs once, or puts itself into the background."""

    SERVICE = "service"
    ONESHOT = "oneshot"
    FORKING = "forking"


class Need(StrEnum):
    """What must hold of another service before this one starts."""

    STARTED = "started"
    READY = "ready"
    HEALTHY = "healthy"
    DONE = "done"


class SecretsAs(StrEnum):
    """How secrets reach the program."""

    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """One service: a name, a command, and how to keep it alive.

    Build it with :func:`svcctl.spec.load.load_files`, which validates; the class itself only holds.
    """

    name: str = field(metadata={"doc": "a-z, 0-9, '.', '_' and '-', at most 63 characters"})
    exec: Command = field(
        default=(),
        metadata={"doc": "program and arguments: a list, or a string split without a shell"},
    )
    python: str = field(
        default="",
        metadata={
            "doc": 'a service written in Python, instead of exec: "package.module:Name", which is '
            "a Service, an App or a function; cwd is on its path"
        },
    )
    interpreter: str = field(
        default="",
        metadata={"doc": "the Python of `python`; default: the one svcctl itself runs with"},
    )
    shell: bool = field(default=False, metadata={"doc": "run `exec` (a string) through sh -c"})
    cwd: str = field(
        default="",
        metadata={"doc": "working directory; relative to, and by default, the folder of the file"},
    )
    env: Mapping[str, str] = field(default_factory=dict, metadata={"doc": "environment variables"})
    env_file: tuple[str, ...] = field(
        default=(), metadata={"doc": "files of NAME=value lines; a leading - makes one optional"}
    )
    env_clean: bool = field(default=False, metadata={"doc": "start from an empty environment"})
    user: str | None = field(
        default=None,
        metadata={
            "doc": "account it runs as (root's agent, systemd, launchd, the SCM); "
            r"Windows: LocalSystem, LocalService, NetworkService, NT SERVICE\NAME (default), "
            r"DOMAIN\gmsa$ or a user"
        },
    )
    group: str | None = field(
        default=None, metadata={"doc": "group it runs as; default: the user's"}
    )
    supplementary_groups: tuple[str, ...] | None = field(
        default=None, metadata={"doc": "further groups; default: those of the user"}
    )
    umask: Octal | None = field(
        default=None, metadata={"doc": "file mode creation mask, such as 027"}
    )
    no_new_privs: bool = field(
        default=False, metadata={"doc": "set-uid programs and file capabilities give it nothing"}
    )
    cap_bound: tuple[str, ...] | None = field(
        default=None,
        metadata={"doc": "the only capabilities it can ever have, such as net_bind_service"},
    )
    stdin: str = field(
        default="null",
        metadata={"doc": "null, open (a pipe that stays open and empty) or file:PATH"},
    )
    instances: InstanceCount = field(
        default=1,
        metadata={
            "doc": 'running copies, or "cpu" for one a processor; ${INSTANCE} tells them apart'
        },
    )
    description: str = field(default="", metadata={"doc": "what it is, for people"})
    display_name: str = field(default="", metadata={"doc": "name in the system's own tools"})
    start: Start = field(default=Start.AUTO, metadata={"doc": "when it starts by itself"})
    manager: Manager = field(default=Manager.AUTO, metadata={"doc": "who keeps it"})
    host: bool = field(
        default=True,
        metadata={
            "doc": "false: systemd and the SCM start the program itself, without a host of svcctl; "
            "it has to speak to them, as services in Python do"
        },
    )
    scope: Scope = field(
        default=Scope.SYSTEM, metadata={"doc": "the machine's or a user's service"}
    )
    groups: tuple[str, ...] = field(default=(), metadata={"doc": "groups for @group selectors"})
    labels: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "labels for -l selectors"}
    )
    type: Type = field(default=Type.SERVICE, metadata={"doc": "stays, runs once, or forks away"})
    pid_file: str | None = field(
        default=None, metadata={"doc": "where a forking program writes its pid"}
    )
    ready: str = field(
        default="exec",
        metadata={
            "doc": "when it counts as running: "
            "exec, delay:2s, notify, port:8080, log:REGEX or health"
        },
    )
    ready_timeout: Duration = field(default=60.0, metadata={"doc": "time it gets to become ready"})
    needs: Mapping[str, Need] = field(
        default_factory=dict,
        metadata={"doc": "services it needs, with the condition; a list means ready"},
    )
    after: tuple[str, ...] = field(
        default=(), metadata={"doc": "services it starts after, if they start too"}
    )
    hook: Hooks = field(default=Hooks(), metadata={"doc": "commands around its life"})
    restart: RestartPolicy = field(
        default=RestartPolicy(), metadata={"doc": "when it is restarted"}
    )
    stop: StopPolicy = field(default=StopPolicy(), metadata={"doc": "how it is stopped"})
    reload: ReloadPolicy = field(default=ReloadPolicy(), metadata={"doc": "how it is reloaded"})
    health: tuple[Probe, ...] = field(default=(), metadata={"doc": "checks of a running instance"})
    limits: Limits = field(default=Limits(), metadata={"doc": "what it may use"})
    log: LogPolicy = field(default=LogPolicy(), metadata={"doc": "where its output goes"})
    rules: tuple[LogRule, ...] = field(
        default=(), metadata={"doc": "what to look for in its logs, and what then happens"}
    )
    detect: DetectPolicy = field(
        default=DetectPolicy(),
        metadata={"doc": "what is found in it without rules; false: nothing is"},
    )
    heal: tuple[HealPolicy, ...] = field(
        default=(), metadata={"doc": "what is done by itself where something is wrong with it"}
    )
    alert: AlertPolicy = field(default=AlertPolicy(), metadata={"doc": "who is told of it"})
    schedule: Schedule | None = field(
        default=None, metadata={"doc": "when it is started by the clock"}
    )
    secrets: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": "what NAME = refers to: file:PATH or env:NAME, never a value"},
    )
    secrets_as: SecretsAs = field(
        default=SecretsAs.FILE,
        metadata={
            "doc": "file: $CREDENTIALS_DIRECTORY/NAME, readable by the service only; "
            "env: a variable"
        },
    )
    sandbox: Sandbox = field(
        default=Sandbox.OFF,
        metadata={"doc": "off, basic or strict: what of the machine systemd keeps from it"},
    )
    systemd: SystemdOptions = field(
        default=SystemdOptions(), metadata={"doc": "lines for the unit file"}
    )
    windows: WindowsOptions = field(
        default=WindowsOptions(), metadata={"doc": "how the SCM keeps it"}
    )
