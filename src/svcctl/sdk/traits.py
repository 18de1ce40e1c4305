"""How a service wants to be kept: the settings its author gives once, in the code."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from svcctl.sdk.config.follow import ConfigSource
    from svcctl.sdk.config.secret import Secret

_OVERRULED = ("health_port", "health_host", "log_level", "crash_upload_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a :class:`svcctl.Service` says in attributes of its class, and an App in one of these.

    A field of the same name in the service's configuration, such as ``health_port``, is stronger
    for *health_port*, *health_host*, *log_level* and *crash_upload_url*, which may be a secret
    there.  Lengths of time are seconds or ``"1m30s"``.
    """

    version: str = ""
    """Of the program; it stands in every log record and crash report."""

    start_timeout: str = "90s"
    """How long it may take until it is ready."""

    drain_timeout: str = "30s"
    """How long what is under way may take to be finished once it stops."""

    hook_timeout: str = "30s"
    """How long each hook may take."""

    config_files: tuple[str, ...] = ()
    """Where its configuration is read, the last one winning; a leading ``-``: may be missing.

    Without any: NAME.toml, NAME.yaml and NAME.json in the working directory, as far as there.
    """

    config_follow: str = "1s"
    """How often the files are looked at for a change; ``"never"``: it has to be asked for."""

    config_sources: tuple[ConfigSource, ...] = ()
    """Further sources that change by themselves."""

    health_port: int | None = None
    """Where health and metrics are answered over HTTP; None: nowhere."""

    health_host: str = "127.0.0.1"
    """The address *health_port* is opened on."""

    check_period: str = "10s"
    """How often its checks are asked where nobody asks from outside."""

    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    """What is grave enough for the log."""

    log_to: tuple[str, ...] = ("stdout",)
    """Where its log goes: see the guide *Log*."""

    crash_upload_url: str | Secret = ""
    """Where crash reports are posted to; empty: nowhere."""

    metrics: Literal["own", "prometheus", "opentelemetry"] = "own"
    """Who counts: svcctl, or the library of that name."""

    @classmethod
    def of(cls, kind: type) -> Self:
        """Give the traits that stand as attributes of a class; those it has not are as here."""
        names = [each.name for each in fields(cls) if hasattr(kind, each.name)]
        return cls(**{name: getattr(kind, name) for name in names})

    def overruled(self, config: object) -> Self:
        """Give them with what *config*, a service's configuration, has to say of some."""
        said = {name: getattr(config, name) for name in _OVERRULED if hasattr(config, name)}
        return replace(self, **said)
