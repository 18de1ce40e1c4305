"""Brings records to a syslog receiver: RFC 5424, over the local socket, UDP or TCP (RFC 6587)."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

from svcctl.sdk.logs.connection import Connection
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.journald import PRIORITIES
from svcctl.sdk.logs.text import message

LOCAL = "/dev/log"

_UNPRINTABLE = re.compile(r"[^!-~]")
_UNFIT_NAME = re.compile(r'[^!-~]|[="\]]')
_ESCAPED = re.compile(r'(["\\\]])')
_LONGEST = {
    "host": 255,
    "app": 48,
    "process": 128,
    "event": 32,
    "name": 32,
}  # characters: section 6
_LONGEST_DATAGRAM = 60_000  # bytes; UDP takes 65,507, and RFC 5426 asks for no more than 2,048
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands in every message: facility as in section 6.2.1 (3: system daemons).

    *enterprise* is the number under which names of fields are unique (section 7.2.2); 32473 is the
    one for examples (RFC 5612), for those who have none.
    """

    facility: int = 3
    host: str = field(default_factory=socket.gethostname)
    process: str = field(default_factory=lambda: str(os.getpid()))
    enterprise: int = 32473


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
            self._connection.send(b"".join(b"%d %b" % (len(each), each) for each in messages))
        else:
            for each in messages:
                self._connection.send(shortened(each, _LONGEST_DATAGRAM))
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
        _word(header.host, "host"),
        _word(facts.instance or facts.service, "app"),
        _word(header.process, "process"),
        _word(facts.event, "event"),
        _structured(facts, header.enterprise),
    )
    text = message(facts)
    head = " ".join(parts).encode("utf-8", "replace")
    return b"%b %b%b" % (head, b"" if text.isascii() else _BOM, text.encode("utf-8", "replace"))


def shortened(data: bytes, longest: int) -> bytes:
    """Give the beginning of *data*, which is UTF-8, without a character cut in two."""
    if len(data) <= longest:
        return data
    return data[:longest].decode("utf-8", "ignore").encode()


def _structured(facts: Facts, enterprise: int) -> str:
    own = {
        "service": facts.service,
        "version": facts.version,
        "logger": facts.logger,
        "trace_id": facts.trace_id,
        "span_id": facts.span_id,
    }
    pairs = {name: value for name, value in own.items() if value} | facts.fields
    params = "".join(f' {_name(name)}="{_escaped(value)}"' for name, value in pairs.items())
    return f"[svcctl@{enterprise}{params}]"


def _escaped(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(r"\\\1", text)


def _name(name: str) -> str:
    return _UNFIT_NAME.sub("_", name)[: _LONGEST["name"]] or "_"


def _word(text: str, what: str) -> str:
    """Give *text* as one word of a header; where there is none, the dash that stands for it."""
    return _UNPRINTABLE.sub("_", text)[: _LONGEST[what]] or "-"
