"""Brings records to a syslog receiver: RFC 5424, over the local socket, UDP or TCP (RFC 6587)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from svcctl.observe.ship.connection import Connection
from svcctl.observe.ship.syslog import (
    ENTERPRISE,
    LONGEST_DATAGRAM,
    counted,
    marked,
    shortened,
    structured,
    word,
)
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.journald import PRIORITIES
from svcctl.sdk.logs.text import message

LOCAL = "/dev/log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands in every message: facility as in section 6.2.1 (3: system daemons).

    *enterprise* is the number under which names of fields are unique (section 7.2.2); 32473 is the
    one for examples (RFC 5612), for those who have none.
    """

    facility: int = 3
    host: str = field(default_factory=socket.gethostname)
    process: str = field(default_factory=lambda: str(os.getpid()))
    enterprise: int = ENTERPRISE


class Syslog:
    """Brings records to a syslog receiver; over TCP each with its length before it."""

    def __init__(self, connection: Connection, header: Header) -> None:
        self._connection, self._header = connection, header
        self.name = f"syslog {connection.name}"
        self.batch = 500 if connection.is_stream else 1

    def deliver(self, records: Sequence[bytes]) -> int:
        """Send *records*; raises OSError where that fails."""
        messages = [as_message(record, self._header) for record in records]
        if self._connection.is_stream:
            self._connection.send(counted(messages))
        else:
            for each in messages:
                self._connection.send(shortened(each, LONGEST_DATAGRAM))
        return 0

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def as_message(record: bytes, header: Header) -> bytes:
    """Give *record* as a message of RFC 5424, its fields as structured data.

    Text beyond ASCII begins with a BOM, as section 6.4 asks.
    """
    facts = read(record)
    priority = header.facility * 8 + PRIORITIES[facts.level]
    parts = (
        f"<{priority}>1",
        facts.time,
        word(header.host, "host"),
        word(facts.instance or facts.service, "app"),
        word(header.process, "process"),
        word(facts.event, "event"),
        structured(_pairs(facts), enterprise=header.enterprise),
    )
    return b"%b %b" % (" ".join(parts).encode("utf-8", "replace"), marked(message(facts)))


def _pairs(facts: Facts) -> dict[str, str]:
    own = {
        "service": facts.service,
        "version": facts.version,
        "logger": facts.logger,
        "trace_id": facts.trace_id,
        "span_id": facts.span_id,
    }
    pairs = {name: value for name, value in own.items() if value} | facts.fields
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in pairs.items()
    }
