"""``svcctl logs --file``: logs that svcctl did not capture, read and followed where they lie."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from svcctl.app.arguments import Arguments
from svcctl.app.logs import asked_for
from svcctl.app.searching import record_document, sought
from svcctl.bootstrap.tailing import tail
from svcctl.cli.session import Asked
from svcctl.cli.streams import Item
from svcctl.errors import SystemFault, UsageError, quoted
from svcctl.observe.logs.lines import Splitter
from svcctl.observe.logs.query import Wanted
from svcctl.observe.logs.tail.discovery import Folders, find_logs
from svcctl.observe.logs.tail.names import age_key
from svcctl.observe.logs.tail.opened import Opened
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.joining import split
from svcctl.observe.records.reader import Reader
from svcctl.observe.records.search import Sought
from svcctl.record import Record

_BLOCK = 1 << 20
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
    folders = Folders()
    streams = [_records(path, folders, wanted, which) for path in logs]
    merged: Iterable[Item] = heapq.merge(*streams, key=lambda each: float(each["at"]))
    yield from merged if last is None else deque(merged, maxlen=last)


def _records(path: str, folders: Folders, wanted: Wanted, which: Sought) -> Iterator[Item]:
    reader = Reader()
    for lines in split(_lines([*_oldest_first(folders.parts(path)), path])):
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


def _oldest_first(parts: Iterable[str]) -> list[str]:
    aged = []
    for path in parts:
        try:
            opened = Opened(path)
        except FileNotFoundError:
            continue  # rotated away meanwhile
        except OSError as error:
            raise _fault(path, error) from error
        opened.content.close()
        aged.append((age_key(path, opened.changed_ns), path))
    return [path for _, path in sorted(aged)]


def _lines(paths: Iterable[str]) -> Iterator[bytes]:
    """Give the lines of files, one after the other; of packed ones too."""
    for path in paths:
        try:
            yield from _lines_of(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _fault(path, error) from error


def _lines_of(path: str) -> Iterator[bytes]:
    content = Opened(path).content
    splitter, offset = Splitter(), 0
    try:
        while block := content.read(_BLOCK, offset):
            offset += len(block)
            yield from splitter.feed(block)
        yield from splitter.rest()
    finally:
        content.close()


def _fault(path: str, error: OSError) -> SystemFault:
    return SystemFault(
        f"{quoted(path)} cannot be read: {error.strerror or error}", hint="may you read it?"
    )


def _item(path: str, record: Record) -> Item:
    return record_document(record, at=record.at, service=path, instance=path, stream="file")
