"""One definition file: what it says, and where in it everything stands."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.errors import Mistake
from svcctl.spec.locate import KeyPath, Places, Position, TooDeepError

_LARGEST = 16 * 1024**2
_DEEPEST = 128  # parts of a key, for which tomllib takes the square of their number
_DOTTED = re.compile(  # parts with dots; other texts are passed over whole, or it would take long
    r"""(?<![A-Za-z0-9_-])
    (?P<key> (?:
        (?: [A-Za-z0-9_-]++ | "(?:[^"\\\n]|\\.)*+" | '[^'\n]*+' ) [ \t]*+ \. [ \t]*+
    )++ )
    | \"{3} | '{3} | "(?:[^"\\\n]|\\.)*+ | '[^'\n]*+ | \#[^\n]*+""",
    re.VERBOSE,
)
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(slots=True, kw_only=True)
class File:
    """A file that was read.

    *shown* is its name in messages, *path* the absolute one; *parent* is the file that included it.
    *refused* are the places of values that were taken out of the document, being mistakes.
    """

    shown: str
    path: Path
    digest: str
    document: dict[str, object]
    places: Places
    parent: File | None = None
    refused: set[KeyPath] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """The folder relative paths in the file start from."""
        return self.path.parent

    def mistake(self, path: KeyPath, problem: str, hint: str = "", *, key: bool = False) -> Mistake:
        """Give a mistake placed at the value (or the *key*) at *path*."""
        place = self.places.find(path)
        at = place.key if key else place.value
        return Mistake(problem=problem, hint=hint, file=self.shown, line=at.line, column=at.column)


class UnreadableError(Exception):
    """There is nothing to be had from a file; *mistake* says why and where."""

    def __init__(self, shown: str, problem: str, at: Position | None = None) -> None:
        super().__init__(problem)
        line, column = (at.line, at.column) if at else (0, 0)
        self.mistake = Mistake(problem=problem, file=shown, line=line, column=column)


def open_file(shown: str, parent: File | None = None, *, actual: str = "") -> File:
    """Read the file named *shown*, which may stand elsewhere (*actual*); raises UnreadableError."""
    content = _content(shown, actual or shown)
    document, places = parse(shown, content)
    return File(
        shown=shown,
        path=Path(shown).absolute(),
        digest=hashlib.sha256(content).hexdigest(),
        document=document,
        places=places,
        parent=parent,
    )


def too_long_key(text: str) -> int | None:
    """Give where in TOML a key has so many parts that tomllib would take very long for it."""
    for found in _DOTTED.finditer(text):
        if found.lastgroup == "key" and found[0].count(".") > _DEEPEST:
            return found.start()
    return None


def reason(error: OSError | ValueError) -> str:
    """Say why the operating system did not give a file."""
    said = error.strerror if isinstance(error, OSError) else None
    return (said or str(error)).lower()


def _content(shown: str, actual: str) -> bytes:
    try:
        with Path(actual).open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError(shown, f"cannot be read: {reason(error)}") from error
    if len(content) > _LARGEST:
        raise UnreadableError(shown, f"is larger than {_LARGEST // 1024**2} MiB")
    return content


def parse(shown: str, content: bytes) -> tuple[dict[str, object], Places]:
    """Give what TOML *content* says, and where; raises UnreadableError, which names *shown*."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(shown, "is not UTF-8 here", _byte_position(content, error)) from error
    at = too_long_key(text)
    if at is not None:
        raise UnreadableError(shown, "is nested too deeply here", _position(text, at))
    try:
        return tomllib.loads(text), Places(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(shown, str(error), text) from error
    except TooDeepError as error:
        raise UnreadableError(shown, "is nested too deeply here", error.position) from error
    except RecursionError as error:
        raise UnreadableError(shown, "is nested too deeply") from error
    except ValueError as error:  # a number with more digits than int() takes
        raise UnreadableError(shown, "has a number that is out of range") from error


def _position(text: str, at: int) -> Position:
    line_start = text.rfind("\n", 0, at) + 1
    return Position(line=text.count("\n", 0, at) + 1, column=at - line_start + 1)


def _byte_position(content: bytes, error: UnicodeDecodeError) -> Position:
    before = content[: error.start]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8-sig", "replace")) + 1
    return Position(line=before.count(b"\n") + 1, column=column)


def _syntax_error(shown: str, message: str, text: str) -> UnreadableError:
    found = _AT.search(message)
    problem = message[: found.start()] if found else message
    if found and found[1]:
        at = Position(line=int(found[1]), column=int(found[2]))
    else:
        at = Position(line=text.count("\n") + 1, column=len(text) - text.rfind("\n"))
    return UnreadableError(shown, f"is not TOML: {problem[:1].lower()}{problem[1:]}", at)
