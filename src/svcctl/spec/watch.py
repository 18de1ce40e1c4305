"""What a person wrote about one log that svcctl did not capture: ``[[watch]]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.spec.log_rule import LogRule
from svcctl.spec.units import Regex


class JournalPriority(StrEnum):
    """How grave an entry of the journal is at least, in the words of journalctl(1)."""

    EMERG = "emerg"
    ALERT = "alert"
    CRIT = "crit"
    ERR = "err"
    WARNING = "warning"
    NOTICE = "notice"
    INFO = "info"
    DEBUG = "debug"


class LogFormat(StrEnum):
    """The form that lines have; AUTO: it is told from the lines."""

    AUTO = "auto"
    JSON = "json"
    LOGFMT = "logfmt"
    ACCESS = "access"
    NGINX_ERROR = "nginx-error"
    APACHE_ERROR = "apache-error"
    SYSLOG_3164 = "syslog-3164"
    SYSLOG_5424 = "syslog-5424"
    KLOG = "klog"
    JOURNAL = "journal"
    PLAIN = "plain"


class WatchKind(StrEnum):
    """What keeps the log."""

    FILES = "files"
    JOURNAL = "journal"
    EVENT_LOG = "eventlog"


AUTO, NONE = "auto", "none"
"""Values of ``multiline`` that are no patterns."""

EVERYTHING = "*"
"""All units of the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSpec:
    """One log, or several that are written alike, and what is looked for in it."""

    name: str = field(
        default="", metadata={"doc": "what it is called; default: made of where it is kept"}
    )
    path: tuple[str, ...] = field(
        default=(), metadata={"doc": "files, or patterns of them such as /var/log/app/*.log"}
    )
    journal: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "instead: of systemd's journal these units (nginx.service), or what fits such "
            "terms as _COMM=sshd; * for all of it"
        },
    )
    priority: JournalPriority | None = field(
        default=None, metadata={"doc": "of the journal: only entries at least as grave"}
    )
    eventlog: str = field(
        default="",
        metadata={"doc": "instead: a channel of the Windows Event Log, such as Application"},
    )
    provider: str = field(
        default="", metadata={"doc": "of the Event Log: only what this provider wrote"}
    )
    query: str = field(
        default="",
        metadata={"doc": "of the Event Log: an XPath query such as *[System[Level<=3]]"},
    )
    service: str = field(
        default="",
        metadata={
            "doc": "the service whose log it is: its rules judge it too, svcctl logs shows it"
        },
    )
    encoding: str = field(
        default="", metadata={"doc": "of files; default: by their byte order mark, else UTF-8"}
    )
    multiline: Regex = field(
        default=AUTO,
        metadata={
            "doc": "which lines of files are one record: auto (tracebacks, stacks, what is "
            "indented), none, or a pattern that is in the first line of each"
        },
    )
    format: LogFormat = field(default=LogFormat.AUTO, metadata={"doc": "how lines are written"})
    pattern: Regex | None = field(
        default=None,
        metadata={
            "doc": "how lines are written, by named groups: (?P<level>[A-Z]+) (?P<message>.*)"
        },
    )
    from_start: bool = field(
        default=False,
        metadata={"doc": "what was there before it was first applied is judged as well"},
    )
    rules: tuple[LogRule, ...] = field(
        default=(), metadata={"doc": "what to look for, as in the rules of a service"}
    )
    detect: bool = field(
        default=True, metadata={"doc": "find what is unusual in it, without any rule"}
    )

    @property
    def kind(self) -> WatchKind:
        """What keeps the log."""
        if self.eventlog:
            return WatchKind.EVENT_LOG
        return WatchKind.JOURNAL if self.journal else WatchKind.FILES

    @property
    def owner(self) -> str:
        """The service that what is found in it is about; its own name where it is of none."""
        return self.service or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchesSpec:
    """What files say of logs that svcctl did not capture."""

    watch: tuple[WatchSpec, ...] = field(
        default=(), metadata={"doc": "logs of others, written as [[watch]]"}
    )
