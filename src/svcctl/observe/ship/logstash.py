"""Sends to the ``tcp`` input of Logstash (codec ``json_lines``), and whatever takes JSON lines."""

from __future__ import annotations

from collections.abc import Sequence

from svcctl.errors import NotDelivered
from svcctl.observe.ship.connection import Tcp
from svcctl.observe.ship.documents import Sender, document, encoded
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.receiver import Taken


class Logstash:
    """A :class:`.receiver.Receiver`: one line of JSON for each record.

    The protocol has no answer: what the receiver's machine acknowledged is taken for arrived.
    """

    def __init__(self, connection: Tcp, *, sender: Sender) -> None:
        self._connection, self._sender = connection, sender

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`."""
        send_all(self._connection, b"".join(as_line(each, self._sender) for each in entries))
        return Taken()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def as_line(entry: Entry, sender: Sender) -> bytes:
    """Give *entry* as a line of JSON."""
    return encoded({"@version": "1", **document(entry, sender)}) + b"\n"


def send_all(connection: Tcp, content: bytes) -> None:
    """Send *content* and see it acknowledged; raises NotDelivered."""
    try:
        connection.send(content)
        connection.confirm()
    except OSError as error:
        raise NotDelivered(
            f"{connection.name} cannot be sent to: {error.strerror or error}",
            hint="it is tried again",
            again=True,
        ) from error
