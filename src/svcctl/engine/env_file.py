"""Reads files of NAME=value lines, quoted as for a shell, without running one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from svcctl.engine.named_file import read
from svcctl.errors import CannotSpawn, quoted
from svcctl.spec.names import VARIABLE_NAME

_BLANK = " \t\r"  # other characters that Unicode calls blank are text
_QUOTING = frozenset("'\"\\")
_VALUE = re.compile(  # as far as it goes: to a line's end, a comment or what is wrong
    r"""(?: [^'"\\\n \t] | [ \t](?!\#) | \\[^\n] | '[^']*' | "(?:[^"\\]|\\[\s\S])*+" )*+""",
    re.VERBOSE,
)
_WRONG = {"\\": "a backslash has nothing after it"}


def read_env_file(path: str) -> dict[str, str]:
    """Read a file; a leading ``-`` makes it optional.

    Quotes and backslashes mean what they mean to a shell, and a quoted value may span lines; what
    is not quoted is taken as it stands.  Raises CannotSpawn, which never shows a value.
    """
    optional, path = path.startswith("-"), path.removeprefix("-")
    try:
        content = read(path)
    except FileNotFoundError:
        if optional:
            return {}
        raise CannotSpawn(
            f"environment file {quoted(path)} is not there",
            hint=f'make it optional with a leading -: env_file = ["-{path}"]',
            permanent=True,
        ) from None
    except OSError as error:
        raise CannotSpawn(
            f"environment file {quoted(path)} cannot be read: {error.strerror}", permanent=True
        ) from error
    return dict(_assignments(content.decode("utf-8-sig", "surrogateescape"), path))


def _assignments(text: str, path: str) -> Iterator[tuple[str, str]]:
    at, number = 0, 1
    while at < len(text):
        end = _line_end(text, at)
        stripped = text[at:end].lstrip(_BLANK)
        if stripped and not stripped.startswith("#"):
            name, sign, _ = stripped.removeprefix("export ").partition("=")
            if not sign or not VARIABLE_NAME.fullmatch(name.strip(_BLANK)):
                raise _mistake(path, number, "this is not a NAME=value line")
            found = _VALUE.match(text, text.index("=", at) + 1)
            assert found is not None  # nothing at all is a value too
            after = text[found.end() : found.end() + 1]
            if after in _QUOTING:
                problem = _WRONG.get(after, "a quote is opened here and never closed")
                raise _mistake(path, number, problem)
            if "\0" in found[0]:
                raise _mistake(path, number, "a value cannot hold a NUL")
            yield name.strip(_BLANK), _unquoted(found[0])
            end = _line_end(text, found.end())
        number += text.count("\n", at, end) + 1
        at = end + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _mistake(path: str, number: int, problem: str) -> CannotSpawn:
    return CannotSpawn(f"{path}:{number}: {problem}", permanent=True)


def _unquoted(value: str) -> str:
    """Give what *value* says."""
    return value.strip(_BLANK) if _QUOTING.isdisjoint(value) else " ".join(shlex.split(value))
