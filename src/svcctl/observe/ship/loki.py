"""Sends to Grafana Loki: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs."""

from __future__ import annotations

from collections.abc import Sequence

from svcctl.observe.ship.documents import Sender, nanoseconds_of
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.http import Asked
from svcctl.observe.ship.receiver import Taken

_PATH = "/loki/api/v1/push"
_CLOSE = 1_000_000  # nanoseconds: times of one stream that are nearer than that are told apart

Labels = tuple[tuple[str, str], ...]


class Loki:
    """A :class:`.receiver.Receiver`: lines as they were written, in a stream for each level."""

    def __init__(self, asked: Asked, *, sender: Sender) -> None:
        self._asked, self._sender = asked, sender
        self._times = Times()

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`.

        Of what is too old or too far behind Loki takes the rest and answers 400; what is sent once
        more to find out which it was is kept once by it.
        """
        self._asked.post_json(_PATH, as_request(entries, self._sender, self._times))
        self._times.forget(entries)
        return Taken()

    def close(self) -> None:
        """Let go of the connection."""
        self._asked.close()


class Times:
    """Gives each line of a stream a time of its own: of two alike at one time Loki keeps one."""

    def __init__(self) -> None:
        self._last: dict[Labels, int] = {}
        self._given: dict[str, int] = {}

    def of(self, entry: Entry, labels: Labels) -> int:
        """Give the time in nanoseconds since 1970: the same whenever *entry* is sent again."""
        if entry.id not in self._given:
            at = nanoseconds_of(entry.record.at)
            last = self._last.get(labels, 0)
            self._last[labels] = self._given[entry.id] = last + 1 if 0 <= last - at < _CLOSE else at
        return self._given[entry.id]

    def forget(self, entries: Sequence[Entry]) -> None:
        """Forget what was given to *entries*, which are not sent again."""
        for each in entries:
            self._given.pop(each.id, None)


def as_request(entries: Sequence[Entry], sender: Sender, times: Times) -> dict[str, object]:
    """Give the body of a push: streams by their labels, in the order of their lines."""
    streams: dict[Labels, list[list[str]]] = {}
    for entry in entries:
        labels = labels_of(entry, sender)
        streams.setdefault(labels, []).append([str(times.of(entry, labels)), entry.text])
    return {
        "streams": [{"stream": dict(labels), "values": lines} for labels, lines in streams.items()]
    }


def labels_of(entry: Entry, sender: Sender) -> Labels:
    """Give the few labels that make a stream; those of *sender* go first."""
    writer = entry.writer
    found = {
        "service": writer.service,
        "instance": writer.instance,
        "stream": writer.stream,
        "host": sender.host,
    }
    if entry.level:
        found["level"] = entry.level
    return tuple((found | dict(sender.labels)).items())
