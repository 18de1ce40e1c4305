"""Sends to Elasticsearch and OpenSearch by their bulk API, into data streams as well as indices.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from svcctl.errors import NotDelivered
from svcctl.observe.ship.documents import Sender, document, encoded
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.http import Asked
from svcctl.observe.ship.receiver import Refusal, Taken

_THERE_ALREADY = 409  # it arrived, and its answer did not
_BUSY = frozenset((429, 502, 503, 504))
_LONGEST_REASON = 300


class Elasticsearch:
    """A :class:`.receiver.Receiver`: each record has its id, so that none is kept twice."""

    def __init__(self, asked: Asked, *, index: str, sender: Sender) -> None:
        self._asked, self._index, self._sender = asked, index, sender

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`: the answer tells of every record."""
        path = f"/{quote(self._index)}/_bulk?filter_path=errors,items.*.status,items.*.error"
        body = b"".join(as_action(each, self._sender) for each in entries)
        answer = self._asked.post(path, body, "application/x-ndjson")
        return taken_of(answer.body, len(entries))

    def close(self) -> None:
        """Let go of the connection."""
        self._asked.close()


def as_action(entry: Entry, sender: Sender) -> bytes:
    """Give the two lines of *entry*; ``create`` is what data streams take."""
    return b"%b\n%b\n" % (
        encoded({"create": {"_id": entry.id}}),
        encoded(document(entry, sender)),
    )


def taken_of(body: bytes, count: int) -> Taken:
    """Read the answer to *count* records; raises NotDelivered where it does not tell of each."""
    try:
        answer = json.loads(body)
        if answer.get("errors") is False:
            return Taken()
        items = [next(iter(each.values())) for each in answer["items"]]
        if len(items) != count:
            raise ValueError(f"it tells of {len(items)} of {count}")
        results = [(int(each["status"]), each.get("error")) for each in items]
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        problem = f"the answer to a bulk request cannot be read: {error}"
        raise NotDelivered(problem, hint="is it Elasticsearch?", again=True) from error
    refused = tuple(
        Refusal(number=number, reason=f"{status}: {_reason(error)}")
        for number, (status, error) in enumerate(results)
        if 400 <= status < 500 and status not in {_THERE_ALREADY, *_BUSY}
    )
    busy = [
        number for number, (status, _) in enumerate(results) if status in _BUSY or status >= 500
    ]
    problem = f"it is busy: {_reason(results[busy[0]][1])}" if busy else ""
    return Taken(refused=refused, again=tuple(busy), problem=problem)


def _reason(error: Any) -> str:  # noqa: ANN401 - what a server says
    if isinstance(error, dict):
        cause = error.get("caused_by")
        more = f" ({cause['reason']})" if isinstance(cause, dict) and "reason" in cause else ""
        return f"{error.get('type', '')}: {error.get('reason', '')}{more}"[:_LONGEST_REASON]
    return str(error or "no reason given")[:_LONGEST_REASON]
