"""``svcctl logs --file``: logs that svcctl did not capture, read and followed where they lie."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from svcctl.app.arguments import Arguments
from svcctl.app.logs import asked_for
from svcctl.app.searching import record_document, sought
from svcctl.bootstrap.tailing import tail
from svcctl.cli.session import Asked
from svcctl.cli.streams import Item
from svcctl.errors import SystemFault, UsageError, quoted
from svcctl.observe.logs.query import Wanted
from svcctl.observe.logs.tail.discovery import find_logs
from svcctl.observe.logs.tail.past import PastLog
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.joining import split
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Sought
from svcctl.record import Record

_PATIENCE = 0.2  # seconds between two looks whether it was interrupted


def foreign_items(globs: list[str], asked: Asked) -> Iterator[Item]:
    """Give records of the logs that fit *globs*, their older and packed parts too, by time.

    With ``follow`` it goes on for ever.  With ``positions`` it begins where that file says, at the
    beginning at first; what was done with before the next was asked for is not given again, also
    after a crash but for the last fifth of a second.  Raises UsageError where nothing fits,
    SystemFault where a file cannot be read.
    """
    args = _arguments(asked.args)
    wanted, last = asked_for(args, now=time.time())
    which = sought(args)
    if not args.flag("follow"):
        yield from _past(globs, wanted, which, last=last)
        return
    positions = asked.text("positions")
    with tail(globs, positions=positions, at_end=not positions) as following:
        if not positions:
            yield from _past(globs, wanted, which, last=last)
        yield from _coming(following, which)


def _arguments(given: Mapping[str, object]) -> Arguments:
    names = ("grep", "stream", "since", "until", "lines", "follow", "level", "where", "trace")
    return Arguments(dict.fromkeys(names) | dict(given))


def _past(globs: list[str], wanted: Wanted, which: Sought, *, last: int | None) -> Iterator[Item]:
    logs = find_logs(globs, ())
    if not logs:
        raise UsageError(f"no file fits {quoted(' '.join(globs))}", hint="quote wildcards: '*.log'")
    streams = [_records(path, wanted, which) for path in logs]
    merged: Iterable[Item] = heapq.merge(*streams, key=lambda each: float(each["at"]))
    yield from merged if last is None else deque(merged, maxlen=last)


def _records(path: str, wanted: Wanted, which: Sought) -> Iterator[Item]:
    reader = Reader()
    for lines in split(_lines(path, wanted.since)):
        if wanted.grep and not wanted.grep.search(b"\n".join(lines)):
            continue  # before it is understood
        record = reader.record(lines, at=time.time())
        if wanted.has(record.at, record.raw) and which.has(record):
            yield _item(path, record)


def _coming(following: Tail, which: Sought) -> Iterator[Item]:
    """Give what comes, for ever; a record that may go on is waited for, a second at most."""
    readers: dict[str, Reader] = {}
    while True:
        for block in following.take():
            reader = readers.setdefault(block.path, Reader())
            for record in reader.records(block.content, at=time.time()):
                if which.has(record):
                    yield _item(block.path, record)
        following.acknowledge()
        following.wait(_PATIENCE)


def _lines(path: str, since: float) -> Iterator[bytes]:
    """Give the lines of a log, those of its older parts first; of packed ones too."""
    try:
        time_of = partial(Reader().time_of, now=time.time())
        for content in PastLog(path).blocks(since=since, time_of=time_of):
            for line in content.removesuffix(b"\n").split(b"\n"):
                yield line.removesuffix(b"\r")
    except OSError as error:
        raise _fault(error.filename or path, error) from error


def _fault(path: str, error: OSError) -> SystemFault:
    return SystemFault(
        f"{quoted(path)} cannot be read: {error.strerror or error}", hint="may you read it?"
    )


def _item(path: str, record: Record) -> Item:
    return record_document(record, at=record.at, service=path, instance=path, stream="file")
