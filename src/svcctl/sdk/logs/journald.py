"""Brings records to the journal of systemd with all their fields.

By its native protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
from array import array
from collections.abc import Iterator, Sequence

from svcctl.observe.ship.connection import unix_datagrams
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.text import message

SOCKET = "/run/systemd/journal/socket"

PRIORITIES = {DEBUG: 7, INFO: 6, WARNING: 4, ERROR: 3, CRITICAL: 2}
"""How grave, as syslog(3) counts."""

_OWN = frozenset(
    {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "EVENT", "SERVICE", "INSTANCE", "VERSION"}
    | {"LOGGER", "TRACE_ID", "SPAN_ID"}
)
_UNFIT = re.compile(r"[^A-Z0-9_]")
_LONGEST_NAME = 64  # characters: journald drops the field otherwise


class Journal:
    """Brings records to journald; what is too large for a datagram goes in a sealed memfd."""

    batch = 1  # a datagram each: none is sent twice because the next one failed

    def __init__(self, path: str = SOCKET) -> None:
        self._connection = unix_datagrams(path)
        self.name = f"journal {path}"

    def deliver(self, records: Sequence[bytes]) -> int:
        """Send each of *records*; raises OSError where journald is not there."""
        for record in records:
            self._send(datagram(record))
        return 0

    def close(self) -> None:
        """Let go of the socket."""
        self._connection.close()

    def _send(self, data: bytes) -> None:
        try:
            self._connection.send(data)
        except OSError as error:
            if error.errno not in {errno.EMSGSIZE, errno.ENOBUFS}:
                raise
            self._connection.use(lambda journal: _send_in_memory(journal, data))


def datagram(record: bytes) -> bytes:
    """Give *record* as journald reads it: ``NAME=value`` lines, values of more lines by length."""
    return b"".join(_member(name, value) for name, value in _members(read(record)))


def field_name(name: str) -> str:
    """Give the name of a field as journald takes it: A-Z, 0-9 and ``_``, a letter first."""
    fit = _UNFIT.sub("_", name.upper()).lstrip("_")
    if not fit or not fit[0].isalpha() or fit in _OWN:
        fit = f"F_{fit}"
    return fit[:_LONGEST_NAME]


def _members(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "MESSAGE", message(facts)
    yield "PRIORITY", str(PRIORITIES[facts.level])
    yield "SYSLOG_IDENTIFIER", facts.service
    own = {
        "EVENT": facts.event,
        "SERVICE": facts.service,
        "INSTANCE": facts.instance,
        "VERSION": facts.version,
        "LOGGER": facts.logger,
        "TRACE_ID": facts.trace_id,
        "SPAN_ID": facts.span_id,
    }
    yield from ((name, value) for name, value in own.items() if value)
    for name, value in facts.fields.items():
        yield field_name(name), value if isinstance(value, str) else json.dumps(value)


def _member(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" not in data:
        return b"%b=%b\n" % (name.encode(), data)
    return b"%b\n%b%b\n" % (name.encode(), len(data).to_bytes(8, "little"), data)


def _send_in_memory(journal: socket.socket, data: bytes) -> None:
    """Send *data* as the descriptor of a memory file that nobody can change any more."""
    import fcntl  # noqa: PLC0415 - only where journald is

    memory = os.memfd_create("svcctl-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(data)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [memory]))
        journal.sendmsg([b""], [rights])
    finally:
        os.close(memory)
