"""Reads files of NAME=value lines, quoted as for a shell, without running one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from svcctl.errors import CannotSpawn, quoted
from svcctl.spec.names import VARIABLE_NAME

_BLANK = " \t\r"  # other characters that Unicode calls blank are text
_COMMENT = re.compile(r"[ \t]#")
_QUOTING = frozenset("'\"\\")


def read_env_file(path: str) -> dict[str, str]:
    """Read a file; a leading ``-`` makes it optional.

    Quotes and backslashes mean what they mean to a shell, and a quoted value may span lines; what
    is not quoted is taken as it stands.  Raises CannotSpawn, which never shows a value.
    """
    optional, path = path.startswith("-"), path.removeprefix("-")
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            text = file.read()
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
    return dict(_assignments(text, path))


def _assignments(text: str, path: str) -> Iterator[tuple[str, str]]:
    lines = enumerate(text.split("\n"), start=1)
    for number, line in lines:
        stripped = line.lstrip(_BLANK)
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.removeprefix("export ").partition("=")
        if not sign or not VARIABLE_NAME.fullmatch(name.strip(_BLANK)):
            raise _mistake(path, number, "this is not a NAME=value line")
        while _is_open(value):
            _, more = next(lines, (0, None))
            if more is None:
                raise _mistake(path, number, "a quote is opened here and never closed")
            value += f"\n{more}"
        try:
            yield name.strip(_BLANK), _unquote(value)
        except ValueError as error:
            raise _mistake(path, number, str(error)) from None


def _mistake(path: str, number: int, problem: str) -> CannotSpawn:
    return CannotSpawn(f"{path}:{number}: {problem}", permanent=True)


def _unquote(value: str) -> str:
    """Give what *value* says, without comment and quotes."""
    for mark in _COMMENT.finditer(value):
        if _is_whole(value[: mark.start()]):
            value = value[: mark.start()]
            break
    if "\0" in value:
        raise ValueError("a value cannot hold a NUL")
    if _QUOTING.isdisjoint(value):
        return value.strip(_BLANK)
    if not _is_whole(value):
        raise ValueError("a backslash has nothing after it")
    return " ".join(shlex.split(value))


def _is_open(value: str) -> bool:
    """A quote is still open at the end of *value*, outside of any comment."""
    if any(_is_whole(value[: mark.start()]) for mark in _COMMENT.finditer(value)):
        return False
    return not _is_whole(value) and any(_is_whole(f"{value}\n{quote}") for quote in "'\"")


def _is_whole(value: str) -> bool:
    try:
        shlex.split(value)
    except ValueError:
        return False
    return True
