"""Sends to syslog receivers: RFC 5424, over TCP and TLS with octet counting (RFC 6587), or UDP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from svcctl.errors import NotDelivered
from svcctl.observe.ship.connection import Datagrams, Tcp
from svcctl.observe.ship.documents import Sender, iso
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.logstash import send_all
from svcctl.observe.ship.receiver import Taken
from svcctl.record import Level

ENTERPRISE = 32473
"""The number under which names of fields are unique: the one for examples (RFC 5612)."""

LONGEST_DATAGRAM = 60_000
"""Bytes; UDP takes 65,507, and RFC 5426 asks for no more than 2,048."""

_SEVERITIES = {
    Level.UNKNOWN: 6,
    Level.TRACE: 7,
    Level.DEBUG: 7,
    Level.INFO: 6,
    Level.WARNING: 4,
    Level.ERROR: 3,
    Level.CRITICAL: 2,
}
_UNPRINTABLE = re.compile(r"[^!-~]")
_UNFIT_NAME = re.compile(r'[^!-~]|[="\]]')
_ESCAPES = str.maketrans({each: f"\\{each}" for each in '"\\]'})
_LONGEST = {"host": 255, "app": 48, "process": 128, "event": 32, "name": 32}  # section 6
_BOM = b"\xef\xbb\xbf"


class Syslog:
    """A :class:`.receiver.Receiver`: lines as they were written.

    The protocol has no answer: over TCP what the receiver's machine acknowledged is taken for
    arrived, over UDP what was sent.
    """

    def __init__(self, connection: Tcp | Datagrams, *, facility: int, sender: Sender) -> None:
        self._connection, self._facility, self._sender = connection, facility, sender

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`."""
        messages = [as_message(each, self._facility, self._sender) for each in entries]
        if isinstance(self._connection, Tcp):
            send_all(self._connection, counted(messages))
        else:
            self._send_each(self._connection, messages)
        return Taken()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _send_each(self, connection: Datagrams, messages: Sequence[bytes]) -> None:
        try:
            for each in messages:
                connection.send(shortened(each, LONGEST_DATAGRAM))
        except OSError as error:
            problem = f"{connection.name} cannot be sent to: {error.strerror or error}"
            raise NotDelivered(problem, hint="it is tried again", again=True) from error


def as_message(entry: Entry, facility: int, sender: Sender) -> bytes:
    """Give *entry* as a message of RFC 5424."""
    writer = entry.writer
    pairs = {
        "service": writer.service,
        "instance": writer.instance,
        "stream": writer.stream,
        "id": entry.id,
        **({"trace_id": entry.record.trace} if entry.record.trace else {}),
        **sender.labels,
    }
    head = (
        f"<{facility * 8 + _SEVERITIES[entry.record.level]}>1 {iso(entry.record.at)}"
        f" {word(sender.host, 'host')} {word(writer.instance, 'app')} -"
        f" {word(writer.stream, 'event')} {structured(pairs)} "
    )
    return head.encode() + marked(entry.text)


def counted(messages: Sequence[bytes]) -> bytes:
    """Give *messages* one behind the other, each with its length before it."""
    return b"".join(b"%d %b" % (len(each), each) for each in messages)


def structured(pairs: Mapping[str, str], *, enterprise: int = ENTERPRISE) -> str:
    """Give *pairs* as structured data (section 6.3), of names that are unique under a number."""
    params = "".join(
        f' {_name(name)}="{value.translate(_ESCAPES)}"' for name, value in pairs.items()
    )
    return f"[svcctl@{enterprise}{params}]"


def marked(text: str) -> bytes:
    """Give *text* in UTF-8; beyond ASCII it begins with a BOM, as section 6.4 asks."""
    return (b"" if text.isascii() else _BOM) + text.encode("utf-8", "replace")


def shortened(data: bytes, longest: int) -> bytes:
    """Give the beginning of *data*, which is UTF-8, without a character cut in two."""
    if len(data) <= longest:
        return data
    return data[:longest].decode("utf-8", "ignore").encode()


@lru_cache(1024)
def word(text: str, what: str) -> str:
    """Give *text* as one word of a header; where there is none, the dash that stands for it."""
    return _UNPRINTABLE.sub("_", text)[: _LONGEST[what]] or "-"


@lru_cache(1024)
def _name(name: str) -> str:
    return _UNFIT_NAME.sub("_", name)[: _LONGEST["name"]] or "_"
