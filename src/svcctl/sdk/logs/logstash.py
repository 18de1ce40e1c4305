"""Brings records to a receiver of JSON lines over TCP, such as the ``tcp`` input of Logstash."""

from __future__ import annotations

from collections.abc import Sequence

from svcctl.observe.ship.connection import Connection

_OURS, _THEIRS = b'{"time":', b'{"@version":"1","@timestamp":'


class JsonLines:
    """Brings records as they are, but for the time, which Logstash calls ``@timestamp``."""

    batch = 500

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.name = f"json lines {connection.name}"

    def deliver(self, records: Sequence[bytes]) -> int:
        """Send *records*; raises OSError where that fails."""
        self._connection.send(b"".join(map(as_event, records)))
        return 0

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def as_event(record: bytes) -> bytes:
    """Give *record* with the names that Logstash has for its time and its kind."""
    return _THEIRS + record.removeprefix(_OURS) if record.startswith(_OURS) else record
