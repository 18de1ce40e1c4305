"""Tells at which line and column of a TOML file each key and value stands; tomllib does not.

This is a lexer for positions only: it trusts that tomllib has accepted the text before, and leaves
the meaning of values to it.  See https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of tables, and numbers (from 0) of what stands in arrays."""

DEEPEST = 48
"""The longest :data:`KeyPath`; no definition needs more, and recursion has an end."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


def path_text(path: KeyPath) -> str:
    """Print *path* as people write it: ``health[0].interval``, ``labels."a.b"``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            bare = _BARE_KEY.fullmatch(step)
            text += f"{'.' if text else ''}{step if bare else json.dumps(step)}"
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A line and a column, both counted from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands: its *key* (the last part of it) and the *value* itself.

    For a table with a header both are the key in the header, for an item of an array the item.
    """

    key: Position
    value: Position


class TooDeepError(Exception):
    """Tables or arrays are nested deeper than :data:`DEEPEST`, at *position*."""

    def __init__(self, position: Position) -> None:
        super().__init__(position)
        self.position = position


class Places:
    """Where everything in one TOML text stands."""

    def __init__(self, text: str) -> None:
        """Read *text*, which tomllib must have accepted; raises TooDeepError."""
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        scanner = _Scanner(text)
        try:
            scanner.scan()
        except _PathTooLongError as error:
            raise TooDeepError(self._position(scanner.at)) from error
        self._offsets = scanner.offsets

    def paths(self) -> frozenset[KeyPath]:
        """Give every path there is a place for."""
        return frozenset(self._offsets)

    def find(self, path: KeyPath) -> Place:
        """Give the place of *path*, or of the nearest thing it would stand in."""
        while path and path not in self._offsets:
            path = path[:-1]
        key, value = self._offsets.get(path, (0, 0))
        return Place(key=self._position(key), value=self._position(value))

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset)
        return Position(line=line, column=offset - self._lines[line - 1] + 1)


class _PathTooLongError(Exception):
    """Ends a scan."""


class _Scanner:
    """Goes through a TOML text once and notes where things stand, as offsets of key and value."""

    def __init__(self, text: str) -> None:
        self.at = 0
        self.offsets: dict[KeyPath, tuple[int, int]] = {}
        self._text = text
        self._sizes: dict[KeyPath, int] = {}  # of arrays of tables

    def scan(self) -> None:
        """Read the whole text."""
        table: KeyPath = ()
        while self._next() < len(self._text):
            if self._text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        is_item = self._text.startswith("[[", self.at)
        self.at += 2 if is_item else 1
        path: KeyPath = ()
        parts = self._key()
        for number, (name, offset) in enumerate(parts, start=1):
            path = self._note((*path, name), offset, offset)
            if is_item and number == len(parts):
                self._sizes[path] = self._sizes.get(path, 0) + 1
            if path in self._sizes:
                path = self._note((*path, self._sizes[path] - 1), offset, offset)
        self.at += 2 if is_item else 1
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        for name, offset in self._key():
            path = self._note((*path, name), offset, offset)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self.offsets[path] = (self.offsets[path][0], self.at)
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        parts: list[tuple[str, int]] = []
        while True:
            self._skip(_SPACE)
            start = self.at
            if self._text[start] in "\"'":
                self._skip(_STRING)
                parts.append((_unquoted(self._text[start : self.at]), start))
            else:
                self._skip(_BARE_KEY)
                parts.append((self._text[start : self.at], start))
            self._skip(_SPACE)
            if self._text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        match self._text[self.at]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        number = 0
        while self._text[self._next()] != "]":
            self._value(self._note((*path, number), self.at, self.at))
            number += 1
            self._next(after=",")
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._text[self._next()] != "}":
            self._pair(path)
            self._next(after=",")
        self.at += 1

    def _next(self, *, after: str = "") -> int:
        """Go to the next thing, over one *after* if it comes first."""
        self._skip(_BLANK)
        if after and self._text.startswith(after, self.at):
            self.at += len(after)
            self._skip(_BLANK)
        return self.at

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self.at)
        if found is None:  # tomllib would have refused it
            raise AssertionError(self.at)
        self.at = found.end()

    def _note(self, path: KeyPath, key: int, value: int) -> KeyPath:
        if len(path) > DEEPEST:
            raise _PathTooLongError
        self.offsets.setdefault(path, (key, value))
        return path


def _unquoted(key: str) -> str:
    if key.startswith("'") or "\\" not in key:
        return key[1:-1]
    return str(tomllib.loads(f"key = {key}")["key"])
