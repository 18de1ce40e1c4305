"""Turns arguments and variables into the two strings a Windows process is started with.

Windows hands a program one string; each takes it apart by itself, most by the rules of
CommandLineToArgvW.  Batch files are taken apart by cmd.exe, by rules of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from svcctl.errors import CannotSpawn, quoted

LONGEST = 32766
"""Characters of a command line, without its end: CreateProcessW."""

_BATCH = (".bat", ".cmd")
_NEEDS_QUOTES = re.compile(r'[ \t"]|\A\Z')
_BEFORE_QUOTE = re.compile(r'(\\*)"')
_AT_END = re.compile(r"(\\+)\Z")
_TWICE = r"\1\1"

# cmd.exe replaces %NAME% even within quotes, ends a line at CR and LF, and what it takes for the
# end of a quoted part is not what the program behind it does: none of these can be made safe.
_NOT_FOR_BATCH = re.compile(r'["%\x00-\x08\x0a-\x1f]')
_PLAIN_FOR_BATCH = re.compile(r"[A-Za-z0-9#$*+\-./:?@\\_]+")


def is_batch(program: str) -> bool:
    """Say whether Windows runs *program* through cmd.exe; it ignores dots and blanks at the end."""
    return program.rstrip(". ").lower().endswith(_BATCH)


def command_line(argv: Sequence[str]) -> str:
    """Give the string that CommandLineToArgvW takes apart into *argv*, or raise CannotSpawn."""
    return _checked(" ".join((_quote_program(argv[0]), *map(_quote, argv[1:]))))


def batch_command_line(script: str, arguments: Sequence[str]) -> str:
    """Give the command line of cmd.exe that runs the batch file *script*, or raise CannotSpawn.

    An argument in which cmd.exe would see a command of its own is refused: quoted as for other
    programs, it could run anything (CVE-2024-24576).  ``/d`` keeps commands from the registry out,
    ``/s`` has exactly the outermost quotes taken off.
    """
    for each in (script, *arguments):
        found = _NOT_FOR_BATCH.search(each)
        if found:
            raise CannotSpawn(
                f"{found.group()!r} in {quoted(each)} cannot be handed to a batch file safely",
                hint=f"leave it out, or have a program instead of {quoted(script)}",
                permanent=True,
            )
    words = " ".join((f'"{script}"', *map(_quote_for_batch, arguments)))
    return _checked(f'cmd.exe /e:on /v:off /d /s /c "{words}"')


def environment_block(env: Mapping[str, str]) -> str:
    """Give the variables as CreateProcessW takes them: sorted, each with a NUL at its end.

    Names that differ by case only are one name: what comes last in *env* holds.  Raises
    CannotSpawn for what no variable can be.
    """
    merged = dict(_by_name(env))
    lines = [f"{name}={value}\0" for _, (name, value) in sorted(merged.items())]
    return "".join(lines) or "\0"


def look_up(env: Mapping[str, str], name: str) -> str | None:
    """Give the value of the variable *name*, however it is spelled; None where it is not set."""
    found = None
    for each, value in env.items():
        if _upper(each) == _upper(name):
            found = value
    return found


def _by_name(env: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise CannotSpawn(
                f"variable {name!r} is none that a program can be given",
                hint="take out NUL characters, and '=' in names of variables",
                permanent=True,
            )
        yield _upper(name), (name, value)


def _upper(name: str) -> str:
    """Give *name* in capitals as Windows does it: one for one, so the German ß stays."""
    return "".join(each.upper() if len(each.upper()) == 1 else each for each in name)


def _quote_program(word: str) -> str:
    """Quote the first word, in which a backslash never escapes anything."""
    if '"' in word:
        raise CannotSpawn(f"no program can be called {quoted(word)}", permanent=True)
    return f'"{word}"' if _NEEDS_QUOTES.search(word) else word


def _quote(word: str) -> str:
    """Quote any further word: backslashes count double where a quote follows them."""
    if not _NEEDS_QUOTES.search(word):
        return word
    escaped = _BEFORE_QUOTE.sub(r'\1\1\\"', word)
    return f'"{_AT_END.sub(_TWICE, escaped)}"'


def _quote_for_batch(word: str) -> str:
    """Quote a word in which nothing is left that needs more than quotes."""
    return word if _PLAIN_FOR_BATCH.fullmatch(word) else f'"{_AT_END.sub(_TWICE, word)}"'


def _checked(line: str) -> str:
    if "\0" in line:
        raise CannotSpawn(
            "no program can be given a NUL character as an argument",
            hint="take it out",
            permanent=True,
        )
    if len(line) > LONGEST:
        raise CannotSpawn(
            f"the command has {len(line)} characters, {LONGEST} is the most on Windows",
            hint="pass large values in a file",
            permanent=True,
        )
    return line
