"""What people read: colours, tables that know wide characters, and JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO

from svcctl.bootstrap.terminal import shows_escapes
from svcctl.errors import SystemFault
from svcctl.words.catalogue import Words, language_in, words_of

_CODES = {
    "good": "32",
    "bad": "31",
    "warn": "33",
    "dim": "2",
    "bold": "1",
    "cyan": "36",
    "yellow": "33",
    "green": "32",
    "magenta": "35",
    "blue": "34",
}
_GAP = "  "
ENGLISH = Words()


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table: a text, and a style that is never the only sign of anything."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A stream and what can be shown on it; *columns* is 0 where lines may be of any length.

    *words* has what we say ourselves in the language of the reader.  Where there is a *separator*
    it stands between the cells of a table, which somebody else lays out.
    """

    stream: TextIO
    colour: bool = False
    columns: int = 0
    words: Words = ENGLISH
    separator: str = ""

    @property
    def is_tty(self) -> bool:
        """A person looks at it."""
        return self.stream.isatty()

    def paint(self, text: str, style: str) -> str:
        """Give *text* in a style, or as it is where there are no colours."""
        if not self.colour or not style:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """Write one line; what the stream cannot show becomes a question mark."""
        try:
            self.write(f"{text}\n")
        except UnicodeEncodeError:
            coding = self.stream.encoding or "ascii"
            self.write(f"{text.encode(coding, 'replace').decode(coding)}\n")

    def write(self, text: str) -> None:
        """Write *text* as it is. Raises SystemFault where it cannot be, as on a full disk."""
        with written():
            self.stream.write(text)

    def flush(self) -> None:
        """Have what was written be there. Raises as :meth:`write` does."""
        with written():
            self.stream.flush()

    def say(self, text: str) -> None:
        """Write one line that is a sentence of ours, in the language of the reader."""
        self.line(self.words.told(text))

    def hint(self, text: str) -> str:
        """Give *text* as what to do next."""
        return f"{self.words.of('hint')}: {self.words.told(text)}"

    def can_show(self, text: str) -> bool:
        """Say whether the stream's encoding has all of *text*."""
        try:
            text.encode(self.stream.encoding or "ascii")
        except UnicodeEncodeError:
            return False
        return True

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a table; on a terminal the last column is cut to what fits."""
        for each in self.laid_out(headings, rows):
            self.line(each)

    def laid_out(self, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[str]:
        """Give the lines of a table, one a row: what a stranger wrote in a cell ends no line."""
        table = [[Cell(self.words.of(each), "bold") for each in headings], *map(_plain, rows)]
        if self.separator:
            return [self.separator.join(cell.text for cell in row) for row in table]
        widths = [max(map(width, column)) for column in zip(*_texts(table), strict=True)]
        return [self._row(row, widths) for row in table]

    def _row(self, row: Sequence[Cell], widths: Sequence[int]) -> str:
        *firsts, last = row
        parts = [
            self.paint(cell.text, cell.style) + " " * (room - width(cell.text))
            for cell, room in zip(firsts, widths, strict=False)
        ]
        room = self.columns - sum(widths[:-1]) - len(_GAP) * len(firsts)
        text = cut(last.text, room) if self.columns else last.text
        return _GAP.join([*parts, self.paint(text, last.style)]).rstrip()


@contextmanager
def written() -> Iterator[None]:
    """Turn what keeps output from being written into a SystemFault; not that nobody reads it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = f"the output cannot be written: {error.strerror}"
        raise SystemFault(problem, hint="is the disk full?") from error


def _plain(row: Sequence[Cell]) -> list[Cell]:
    return [each if each.text.isprintable() else _without_controls(each) for each in row]


def _without_controls(cell: Cell) -> Cell:
    return replace(cell, text=printable(cell.text).replace("\t", " "))


def _texts(table: Iterable[Sequence[Cell]]) -> Iterable[list[str]]:
    return ([cell.text for cell in row] for row in table)


def screen(stream: TextIO, environ: Mapping[str, str], *, colour: bool = True) -> Screen:
    """Give the screen behind *stream*: colours as https://no-color.org and FORCE_COLOR say."""
    is_tty = stream.isatty()
    wanted = bool(environ.get("FORCE_COLOR")) or (
        is_tty
        and _shows_escapes(stream)
        and not environ.get("NO_COLOR")
        and environ.get("TERM") != "dumb"
    )
    plain = Screen(
        stream=stream, colour=colour and wanted, columns=_columns(stream) if is_tty else 0
    )
    words = words_of(language_in(environ))
    return replace(plain, words=words) if plain.can_show(words.of("running")) else plain


def _shows_escapes(stream: TextIO) -> bool:
    try:
        return shows_escapes(stream.fileno())
    except (OSError, ValueError):
        return True


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80


def width(text: str) -> int:
    """Give the columns *text* takes on a terminal (https://www.unicode.org/reports/tr11/)."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - rarely needed

    def columns(sign: str) -> int:
        if category(sign) in {"Mn", "Me", "Cf"}:
            return 0
        return 2 if east_asian_width(sign) in "WF" else 1

    return sum(map(columns, text))


def cut(text: str, room: int) -> str:
    """Give *text*, or its beginning and an ellipsis, in at most *room* columns (at least one)."""
    if width(text) <= room:
        return text
    kept = text[: max(room - 1, 0)]
    while kept and width(kept) > room - 1:
        kept = kept[:-1]
    return f"{kept}…"


def printable(text: str) -> str:
    """Give *text* without control characters: a log line must not drive the terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\t" else "�" for each in text)


def as_json(document: object, *, indent: int | None = 2) -> str:
    """Give *document* as JSON, readable by people as well; None for one line."""
    return json.dumps(document, indent=indent, ensure_ascii=not _unicode_out())


def _unicode_out() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
