"""What a person wrote about who is told of what: ``[alerting]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from svcctl.spec.alert_policy import Happening, Priority
from svcctl.spec.units import Bounds, Duration, Period


class Language(StrEnum):
    """What notices are written in."""

    EN = "en"
    ZH = "zh"


class ChannelKind(StrEnum):
    """Ways to people, and to programs."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    MAIL = "mail"
    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    APPRISE = "apprise"


class MailSecurity(StrEnum):
    """How the way to a mail server is kept secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


SECRET_OPTIONS = ("url", "urls", "secret", "password", "headers")
"""Options of a channel that say where a secret is."""

Port = Annotated[int, Bounds(low=1, high=65_535)]
"""A TCP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """One way to people; secrets are named, never written down."""

    kind: ChannelKind = field(metadata={"doc": "what it is"})
    url: str = field(
        default="",
        metadata={
            "doc": "its address, file:PATH or env:NAME; of a webhook or an alertmanager also the "
            "address itself, where no secret is in it"
        },
    )
    urls: tuple[str, ...] = field(
        default=(), metadata={"doc": "apprise: its addresses, each file:PATH or env:NAME"}
    )
    secret: str = field(
        default="", metadata={"doc": "dingtalk, feishu: what signs, file:PATH or env:NAME"}
    )
    mention: tuple[str, ...] = field(
        default=(), metadata={"doc": "wecom, dingtalk: who is called by name (@)"}
    )
    headers: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": "webhook, alertmanager: further headers, each file:PATH or env:NAME"},
    )
    host: str = field(default="", metadata={"doc": "mail: the SMTP server"})
    port: Port = field(default=587, metadata={"doc": "mail: its port"})
    security: MailSecurity = field(
        default=MailSecurity.STARTTLS,
        metadata={"doc": "mail: none is for a server on this machine"},
    )
    user: str = field(default="", metadata={"doc": "mail: who logs in; empty: nobody does"})
    password: str = field(default="", metadata={"doc": "mail: file:PATH or env:NAME"})
    sender: str = field(default="", metadata={"doc": "mail: whom it is from"})
    to: tuple[str, ...] = field(default=(), metadata={"doc": "mail: who gets it"})
    language: Language | None = field(
        default=None, metadata={"doc": "language of its notices; default: that of all"}
    )
    fallback: str = field(
        default="", metadata={"doc": "channel that is told as well where this one fails"}
    )
    patience: Duration = field(
        default=600.0, metadata={"doc": "time of failing after which the fallback is told"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSpec:
    """Who is told as well once nobody has acknowledged for a while."""

    after: Period = field(metadata={"doc": "time since it was first told"})
    channels: tuple[str, ...] = field(metadata={"doc": "who is told then"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritySpec:
    """Who is told of alerts of a priority, and how often."""

    channels: tuple[str, ...] = field(default=(), metadata={"doc": "who is told"})
    group_wait: Duration | None = field(
        default=None, metadata={"doc": "wait for what belongs to it; P0: 0s, P1: 30s, P2: 5m"}
    )
    group_interval: Period | None = field(
        default=None, metadata={"doc": "time between two notices; P0: 1m, P1: 5m, P2: 30m"}
    )
    repeat_interval: Period | None = field(
        default=None,
        metadata={"doc": "time after which it is told again; P0: 15m, P1: 4h, P2: 1d"},
    )
    ended: bool = field(default=True, metadata={"doc": "tell that it is over, too"})
    escalate: tuple[EscalationSpec, ...] = field(
        default=(), metadata={"doc": "who is told as well where nobody acknowledges"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritiesSpec:
    """The priorities."""

    P0: PrioritySpec = field(default=PrioritySpec(), metadata={"doc": "wakes somebody up"})
    P1: PrioritySpec = field(default=PrioritySpec(), metadata={"doc": "is read within minutes"})
    P2: PrioritySpec = field(default=PrioritySpec(), metadata={"doc": "is read by daylight"})

    def of(self, priority: Priority) -> PrioritySpec:
        """Give what is said of one."""
        return {Priority.P0: self.P0, Priority.P1: self.P1, Priority.P2: self.P2}[priority]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """Where some alerts go instead; what it does not say is as the priority has it."""

    match: tuple[str, ...] = field(
        metadata={"doc": 'which: conditions on labels, such as service=web or tier=~"front.*"'}
    )
    channels: tuple[str, ...] = field(default=(), metadata={"doc": "who is told"})
    priority: Priority | None = field(
        default=None, metadata={"doc": "how much they matter, whatever the matrix says"}
    )
    group_by: tuple[str, ...] = field(
        default=("service", "priority"),
        metadata={"doc": "labels that alerts share which are told together"},
    )
    group_wait: Duration | None = field(default=None, metadata={"doc": "as of a priority"})
    group_interval: Period | None = field(default=None, metadata={"doc": "as of a priority"})
    repeat_interval: Period | None = field(default=None, metadata={"doc": "as of a priority"})
    escalate: tuple[EscalationSpec, ...] = field(default=(), metadata={"doc": "as of a priority"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InhibitSpec:
    """What is not told while something else is wrong."""

    source: tuple[str, ...] = field(metadata={"doc": "conditions on what is wrong"})
    target: tuple[str, ...] = field(metadata={"doc": "conditions on what is not told then"})
    equal: tuple[str, ...] = field(
        default=(), metadata={"doc": "labels that both must have the same"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceSpec:
    """A time in which nobody is told."""

    match: tuple[str, ...] = field(metadata={"doc": "conditions on what is not told"})
    begins: str = field(metadata={"doc": "local time, such as 2026-11-22T02:00"})
    lasts: Period = field(metadata={"doc": "how long"})
    every: Period | None = field(default=None, metadata={"doc": "it comes again, such as 1w"})
    why: str = field(default="", metadata={"doc": "what for"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveritySpec:
    """How much each happening matters."""

    service_down: Priority = field(
        default=Priority.P0, metadata={"doc": "it failed, and is not started any more"}
    )
    service_restarting: Priority = field(
        default=Priority.P1, metadata={"doc": "it failed, and is about to be started again"}
    )
    service_flapping: Priority = field(
        default=Priority.P1, metadata={"doc": "it failed four times within ten minutes"}
    )
    not_live: Priority = field(default=Priority.P1, metadata={"doc": "a live probe fails"})
    not_ready: Priority = field(default=Priority.P1, metadata={"doc": "a ready probe fails"})
    crash: Priority = field(
        default=Priority.P1, metadata={"doc": "it met an error that it did not handle"}
    )
    memory: Priority = field(
        default=Priority.P2, metadata={"doc": "it exceeds its soft memory limit"}
    )
    capture_paused: Priority = field(
        default=Priority.P1, metadata={"doc": "its output cannot be written, so it waits"}
    )
    agent_lost: Priority = field(
        default=Priority.P1, metadata={"doc": "the agent before was killed or crashed"}
    )
    rule: Priority = field(
        default=Priority.P1, metadata={"doc": "a rule fired that names no priority"}
    )
    error_ratio: Priority = field(default=Priority.P1, metadata={"doc": "more errors than usual"})
    latency: Priority = field(default=Priority.P2, metadata={"doc": "slower than usual"})
    silence: Priority = field(default=Priority.P1, metadata={"doc": "it writes nothing any more"})
    leak: Priority = field(default=Priority.P2, metadata={"doc": "it uses more and more"})
    burst: Priority = field(default=Priority.P2, metadata={"doc": "far more lines of a kind"})
    drop: Priority = field(default=Priority.P2, metadata={"doc": "far fewer lines of a kind"})
    new_template: Priority = field(default=Priority.P2, metadata={"doc": "lines never seen before"})
    session: Priority = field(default=Priority.P2, metadata={"doc": "an unusual course of events"})
    metric: Priority = field(default=Priority.P2, metadata={"doc": "an unusual value"})
    unhealed: Priority = field(
        default=Priority.P1, metadata={"doc": "it was to be healed, and may not be or could not be"}
    )

    def of(self, happening: Happening) -> Priority:
        """Give how much *happening* matters."""
        return {
            Happening.SERVICE_DOWN: self.service_down,
            Happening.SERVICE_RESTARTING: self.service_restarting,
            Happening.SERVICE_FLAPPING: self.service_flapping,
            Happening.NOT_LIVE: self.not_live,
            Happening.NOT_READY: self.not_ready,
            Happening.CRASH: self.crash,
            Happening.MEMORY: self.memory,
            Happening.CAPTURE_PAUSED: self.capture_paused,
            Happening.AGENT_LOST: self.agent_lost,
            Happening.RULE: self.rule,
            Happening.ERROR_RATIO: self.error_ratio,
            Happening.LATENCY: self.latency,
            Happening.SILENCE: self.silence,
            Happening.LEAK: self.leak,
            Happening.BURST: self.burst,
            Happening.DROP: self.drop,
            Happening.NEW_TEMPLATE: self.new_template,
            Happening.SESSION: self.session,
            Happening.METRIC: self.metric,
            Happening.UNHEALED: self.unhealed,
        }[happening]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertingSpec:
    """Who is told of what."""

    language: Language = field(default=Language.EN, metadata={"doc": "language of notices"})
    channels: Mapping[str, ChannelSpec] = field(
        default_factory=dict, metadata={"doc": "ways to people, by name"}
    )
    priorities: PrioritiesSpec = field(
        default=PrioritiesSpec(), metadata={"doc": "who is told, and how often"}
    )
    severity: SeveritySpec = field(
        default=SeveritySpec(), metadata={"doc": "how much what matters"}
    )
    routes: tuple[RouteSpec, ...] = field(
        default=(), metadata={"doc": "where some alerts go instead; the first that fits is taken"}
    )
    inhibit: tuple[InhibitSpec, ...] = field(
        default=(), metadata={"doc": "what is not told while something else is wrong"}
    )
    maintenance: tuple[MaintenanceSpec, ...] = field(
        default=(), metadata={"doc": "times in which nobody is told"}
    )
