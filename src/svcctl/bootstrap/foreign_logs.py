"""Opens the logs that others keep: files, systemd's journal, the Event Log of Windows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from glob import has_magic
from pathlib import Path

from svcctl.app.log_source import LogSource
from svcctl.bootstrap.tailing import SavedIn, changes
from svcctl.errors import SvcctlError, SystemFault
from svcctl.observe.logs.tail.discovery import find_logs
from svcctl.observe.logs.tail.encoding import named
from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.logs.tail.past import PastLog, TimeOf
from svcctl.observe.logs.tail.tail import Bounds, Tail
from svcctl.observe.records.entries import journal_record
from svcctl.observe.records.multiline import multiline
from svcctl.record import Portion
from svcctl.spec.watch import EVERYTHING, WatchKind, WatchSpec
from svcctl.system import whole_file
from svcctl.system.clock import SystemClock

_AT_ONCE = Bounds(take=1)  # one block: what is judged keeps the agent from all else meanwhile
_LOOKED_AT = 100  # files whose permissions are looked at
_ENTRY = 500  # bytes that an entry of a journal has, more or less


class Sources:
    """Opens logs, each from where it was left; *folder* has the places, one file a watch."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def open(self, watch: WatchSpec) -> LogSource:
        """See :class:`svcctl.app.log_source.LogSources`."""
        place = SavedIn(self._place(watch.name, watch.kind))
        match watch.kind:
            case WatchKind.FILES:
                return FileLog(watch, place)
            case WatchKind.JOURNAL:
                return JournalLog(watch, place)
            case WatchKind.EVENT_LOG:
                from svcctl.bootstrap.event_log import EventLog  # noqa: PLC0415 - Windows only

                return EventLog(watch, place)

    def past(
        self, watch: WatchSpec, *, since: float, most: int | None, time_of: TimeOf
    ) -> Sequence[Iterator[Portion]]:
        """See :class:`svcctl.app.log_source.LogSources`."""
        match watch.kind:
            case WatchKind.FILES:
                encoding = named(watch.encoding) if watch.encoding else None
                logs = [PastLog(path, encoding=encoding) for path in find_logs(watch.path, ())]
                return [
                    _portions(log, log.blocks(since=since, most=most, time_of=time_of))
                    for log in logs
                ]
            case WatchKind.JOURNAL:
                return [_journal_portions(watch, since=since, most=most)]
            case WatchKind.EVENT_LOG:
                from svcctl.bootstrap.event_log import past_events  # noqa: PLC0415 - Windows only

                lines = None if most is None else most // _ENTRY
                return [past_events(watch, since=since, most=lines)]

    def forget(self, name: str) -> None:
        """See :class:`svcctl.app.log_source.LogSources`."""
        for kind in WatchKind:
            whole_file.delete(self._place(name, kind))

    def _place(self, name: str, kind: WatchKind) -> str:
        return f"{self._folder}/{name}.{kind}"


class FileLog:
    """The files of a watch; see :class:`svcctl.app.log_source.LogSource`."""

    def __init__(self, watch: WatchSpec, place: SavedIn) -> None:
        self._globs = watch.path
        self._tail = Tail(
            watch.path,
            clock=SystemClock(),
            place=place,
            at_end=not watch.from_start,
            manner=Manner(
                encoding=named(watch.encoding) if watch.encoding else None,
                whole=multiline(watch.multiline).whole,
            ),
            bounds=_AT_ONCE,
            changes=changes(),
        )

    def take(self) -> list[Portion]:
        """Give the next block."""
        return [Portion(stream=each.path, content=each.content) for each in self._tail.take()]

    def acknowledge(self) -> None:
        """Remember where it was left."""
        self._tail.acknowledge()

    def wait(self, seconds: float) -> None:
        """Come back when a file changed, or after *seconds*."""
        self._tail.wait(seconds)

    def behind(self) -> int:
        """Give the bytes that are left."""
        return self._tail.behind()

    def problem(self) -> str:
        """Say which file or folder we may not read."""
        folders = {str(Path(glob).parent) for glob in self._globs}
        for path in [*sorted(folders), *self._tail.paths[:_LOOKED_AT]]:
            if not has_magic(path) and _is_refused(path):
                return f"{path}: permission denied"
        return ""

    def close(self) -> None:
        """Let go of all files."""
        self._tail.close()


class JournalLog:
    """Entries of the journal; see :class:`svcctl.app.log_source.LogSource`."""

    def __init__(self, watch: WatchSpec, place: SavedIn) -> None:
        from svcctl.system.systemd.journal_follow import (  # noqa: PLC0415 - for those who follow it
            JournalFollow,
        )

        self._journal = JournalFollow(
            journal_terms(watch),
            cursor=(place.read() or b"").decode(errors="replace"),
            from_start=watch.from_start,
            save=lambda cursor: place.write(cursor.encode()),
        )

    def take(self) -> list[Portion]:
        """Give the entries that came."""
        return _entries(self._journal.take())

    def acknowledge(self) -> None:
        """Remember where it was left."""
        self._journal.acknowledge()

    def wait(self, seconds: float) -> None:
        """Come back when an entry came, or after *seconds*."""
        self._journal.wait(seconds)

    def behind(self) -> int:
        """Give the bytes that are left, as far as they are known."""
        return self._journal.behind()

    def problem(self) -> str:
        """Nothing: what is wrong ends journalctl."""
        return ""

    def close(self) -> None:
        """End journalctl."""
        self._journal.close()


def journal_terms(watch: WatchSpec) -> list[str]:
    """Give what journalctl takes to choose the entries of *watch*."""
    units = [each for each in watch.journal if "=" not in each and each != EVERYTHING]
    terms = [each for each in watch.journal if "=" in each]
    priority = [f"--priority={watch.priority}"] if watch.priority else []
    return [*(f"--unit={each}" for each in units), *priority, *terms]


def _entries(lines: list[bytes]) -> list[Portion]:
    now = time.time()
    records = tuple(journal_record(each, now=now) for each in lines)
    return [Portion(stream="journal", records=records)] if records else []


def _journal_portions(watch: WatchSpec, *, since: float, most: int | None) -> Iterator[Portion]:
    from svcctl.system.systemd.journal import past_entries  # noqa: PLC0415 - as above

    lines = None if most is None else most // _ENTRY
    for entry in past_entries(journal_terms(watch), since=since, most=lines):
        yield from _entries([entry])


def _portions(log: PastLog, blocks: Iterator[bytes]) -> Iterator[Portion]:
    try:
        for content in blocks:
            yield Portion(stream=log.path, content=content)
    except OSError as error:
        problem = f"{error.filename or log.path}: {error.strerror or error}"
        raise _refused(problem) from error


def _refused(problem: str) -> SvcctlError:
    return SystemFault(problem, hint="may the agent read it?")


def _is_refused(path: str) -> bool:
    """Say whether something is there that we may not read."""
    try:
        Path(path).stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, os.R_OK)
