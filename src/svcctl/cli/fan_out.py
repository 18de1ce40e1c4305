"""One command on several machines at once: each line says whose it is, the worst status counts."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TextIO, cast

from svcctl.cli.output import Cell, Screen, as_json, printable, width
from svcctl.cli.session import Session
from svcctl.client.remote import Remote
from svcctl.errors import UsageError

_MOST = 256  # machines at once
_FAILED = 1
_SEPARATOR = "\x1f"  # US, which no text that people read has

Work = Callable[[Session], int]
"""Does the command for one machine and gives its exit status; tells of failures itself."""


def on_each(session: Session, remotes: Sequence[Remote], work: Work, *, output: str) -> int:
    """Have *work* done for all *remotes* at once and give the greatest exit status.

    *output* is ``text`` (tables become one), ``json`` (one list in the end) or ``jsonl``.  Who
    interrupts waits for none of them: what was asked for is carried through there.
    """
    if len(remotes) > _MOST:
        raise UsageError(f"{len(remotes)} machines are too many at once, {_MOST} are the most")
    room = max(width(each.name) for each in remotes)
    threads = [_Asking(session, each, work, output=output, room=room) for each in remotes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if output == "json":
        rows = [row for each in threads for row in _rows(each.name, "\n".join(each.kept))]
        session.out.line(as_json(rows))
    else:
        _show_kept(session.out, threads)
    return max(thread.status for thread in threads)


def _show_kept(out: Screen, threads: Sequence[_Asking]) -> None:
    """Show what was kept back: tables with the same headings as one, all else line by line."""
    tables: dict[str, list[_Asking]] = {}
    for each in threads:
        cells = {line.count(_SEPARATOR) for line in each.kept}
        if len(cells) == 1 and 0 not in cells:
            tables.setdefault(each.kept[0], []).append(each)
        else:
            each.flow()
    for headings, found in tables.items():
        rows = [
            [Cell(each.name, "bold"), *(Cell(cell) for cell in line.split(_SEPARATOR))]
            for each in found
            for line in each.kept[1:]
        ]
        out.table(("HOST", *headings.split(_SEPARATOR)), rows)


class _Asking(threading.Thread):
    """The command for one machine; a thread that ends with us.

    *kept* are the lines that wait for those of the others: none any more once they flow.
    """

    def __init__(
        self, session: Session, remote: Remote, work: Work, *, output: str, room: int
    ) -> None:
        super().__init__(daemon=True)
        self.name, self.status = remote.name, _FAILED
        self.kept: list[str] = []
        self._column = f"{remote.name}{' ' * (room - width(remote.name))} | "
        self._session, self._remote, self._work, self._output = session, remote, work, output
        self._flows = output == "jsonl"

    def run(self) -> None:
        out = _Lines(self._take, self.flow, self._session.out)
        err = _Lines(self._tell, _keep, self._session.err)
        own = replace(
            self._session,
            remote=self._remote,
            out=self._screen(self._session.out, out, separator=_SEPARATOR),
            err=self._screen(self._session.err, err),
        )
        try:
            self.status = self._work(own)
        finally:
            out.close()
            err.close()

    def flow(self) -> None:
        """Show at once what was kept, and what comes: somebody is to see it while it is new."""
        if self._output == "json":
            return
        self._flows = True
        kept, self.kept = self.kept, []
        for line in kept:
            self._take(line)

    def _screen(self, like: Screen, lines: _Lines, *, separator: str = "") -> Screen:
        stream = cast("TextIO", lines)
        return replace(like, stream=stream, colour=False, columns=0, separator=separator)

    def _take(self, line: str) -> None:
        if not self._flows:
            self.kept.append(line)
        elif self._output == "jsonl":
            for row in _rows(self.name, line):
                _put(self._session.out, as_json(row, indent=None))
        else:
            self._show(self._session.out, line.replace(_SEPARATOR, "  "))

    def _tell(self, line: str) -> None:
        self._show(self._session.err, line)

    def _show(self, screen: Screen, line: str) -> None:
        """Write a line; to those who write it, it went to no terminal, so it may hold anything."""
        _put(screen, f"{self._column}{printable(line) if screen.is_tty else line}")


def _keep() -> None:
    """Do nothing more: what is told is told at once."""


class _Lines(io.TextIOBase):
    """A stream that hands on whole lines."""

    def __init__(
        self, take: Callable[[str], None], flow: Callable[[], None], screen: Screen
    ) -> None:
        self._take, self._flow, self._like, self._begun = take, flow, screen.stream, ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._like.encoding or "ascii"

    def write(self, text: str, /) -> int:
        *whole, self._begun = f"{self._begun}{text}".split("\n")
        for each in whole:
            self._take(each)
        return len(text)

    def flush(self) -> None:
        if not self.closed:
            self._flow()

    def close(self) -> None:
        if self._begun:
            self._take(self._begun)
            self._begun = ""
        self._flow = _keep  # what was kept till now waits for others
        super().close()


_turn = threading.Lock()


def _put(screen: Screen, line: str) -> None:
    with _turn:
        screen.line(line)
        screen.flush()


def _rows(name: str, text: str) -> list[dict[str, object]]:
    """Give what one machine said in JSON as objects that say whose they are."""
    try:
        said = json.loads(text)
    except ValueError:
        return []  # it failed, and said so on stderr
    found = said if isinstance(said, list) else [said]
    return [{"host": name, **(each if isinstance(each, dict) else {"it": each})} for each in found]
