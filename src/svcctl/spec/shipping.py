"""What a person wrote about where logs are sent: ``[shipping.NAME]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from svcctl.spec.alerting import Port
from svcctl.spec.log_rule import RuleLevel
from svcctl.spec.units import Bounds, Duration, Positive, Size


class ShippingKind(StrEnum):
    """Receivers, by what they understand."""

    LOGSTASH = "logstash"
    LOKI = "loki"
    ELASTICSEARCH = "elasticsearch"
    OTLP = "otlp"
    SYSLOG = "syslog"
    KAFKA = "kafka"


class Transport(StrEnum):
    """How bytes get to a receiver that is not asked by HTTP."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"


SHIPPING_SECRETS = ("url", "password", "token", "headers")
"""Options that say where a secret is."""

Facility = Annotated[int, Bounds(low=0, high=23)]
"""A facility of syslog, RFC 5424, section 6.2.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSpec:
    """Whom to believe, and as whom to appear; certificates are always verified."""

    ca: str = field(
        default="", metadata={"doc": "file of certificates (PEM) believed instead of the system's"}
    )
    cert: str = field(default="", metadata={"doc": "file with our own certificate (PEM)"})
    key: str = field(
        default="", metadata={"doc": "file with its key (PEM); default: the same file"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpec:
    """How much is sent at once; whatever is reached first."""

    count: Positive = field(default=1000, metadata={"doc": "records"})
    size: Size = field(default=1 << 20, metadata={"doc": "bytes of what services wrote"})
    wait: Duration = field(default=1.0, metadata={"doc": "time for which a record waits for more"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingSpec:
    """One receiver, and what is sent to it; secrets are named, never written down."""

    kind: ShippingKind = field(metadata={"doc": "what it is; elasticsearch: OpenSearch too"})
    url: str = field(
        default="",
        metadata={
            "doc": "loki, elasticsearch, otlp: its address without the path of the API; "
            "file:PATH or env:NAME where a secret is in it"
        },
    )
    host: str = field(default="", metadata={"doc": "logstash, syslog: the receiver"})
    port: Port | None = field(
        default=None, metadata={"doc": "logstash, syslog: its port; 5044, and 514 or 6514 (TLS)"}
    )
    transport: Transport = field(
        default=Transport.TCP, metadata={"doc": "logstash, syslog: the way; udp is for syslog"}
    )
    brokers: tuple[str, ...] = field(
        default=(), metadata={"doc": "kafka: where to ask first, each HOST:PORT"}
    )
    topic: str = field(default="", metadata={"doc": "kafka: the topic"})
    index: str = field(
        default="logs-svcctl-default",
        metadata={"doc": "elasticsearch: the data stream, or the index"},
    )
    tenant: str = field(default="", metadata={"doc": "loki: the tenant (X-Scope-OrgID)"})
    facility: Facility = field(default=3, metadata={"doc": "syslog: 3 is daemon, 16 is local0"})
    user: str = field(default="", metadata={"doc": "not for syslog and logstash: who logs in"})
    password: str = field(default="", metadata={"doc": "its password, file:PATH or env:NAME"})
    token: str = field(
        default="",
        metadata={"doc": "loki, otlp: bearer token, elasticsearch: API key; file:PATH or env:NAME"},
    )
    headers: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"doc": "loki, elasticsearch, otlp: further headers, each file:PATH or env:NAME"},
    )
    tls: TlsSpec = field(default=TlsSpec(), metadata={"doc": "how the receiver is known"})
    compress: bool = field(
        default=True, metadata={"doc": "loki, elasticsearch, otlp: with gzip; kafka: likewise"}
    )
    services: tuple[str, ...] = field(
        default=("*",), metadata={"doc": "whose logs: names, with * and ?"}
    )
    level: RuleLevel | None = field(
        default=None, metadata={"doc": "records of that level or worse; default: all"}
    )
    labels: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "what every record says as well"}
    )
    crashes: bool = field(default=True, metadata={"doc": "send crash reports too"})
    from_end: bool = field(
        default=False,
        metadata={"doc": "of logs that are there at first, send only what comes from then on"},
    )
    batch: BatchSpec = field(default=BatchSpec(), metadata={"doc": "how much is sent at once"})
    buffer: Size = field(
        default=1 << 30,
        metadata={"doc": "most that waits on disk for the receiver; then the oldest is let go"},
    )

    @property
    def receives_at(self) -> int:
        """The port of a receiver that is not asked by HTTP."""
        secure = self.transport is Transport.TLS
        usual = 5044 if self.kind is ShippingKind.LOGSTASH else 6514 if secure else 514
        return self.port or usual
