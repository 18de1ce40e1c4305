"""Says what the SCM starts for a service, from its command line alone; pure."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.spec.windows_words import command_words

_HOST = r"\svcctl\server\host.py"
_UP_TO_SUFFIX = re.compile(r"[^\"]*?\.(?:exe|com|bat|cmd)(?=\s|\Z)", re.IGNORECASE)

IsFile = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """The part of a command that makes it a host of ours; *home* is empty where it has none."""

    script: str
    home: str
    system: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A service and what is started for it; *tried_first* are files that would be taken instead.

    *host* is None where the service is not one of svcctl.
    """

    service: str
    command: str
    program: str
    arguments: tuple[str, ...]
    tried_first: tuple[str, ...]
    host: HostLine | None


def launched(service: str, command: str, *, is_file: IsFile) -> Launched | None:
    """Take *command* apart, in which variables have been replaced; None where it is none."""
    try:
        program, *arguments = _words(command, is_file)
    except SpecError:
        return None
    return Launched(
        service=service,
        command=command,
        program=with_suffix(program),
        arguments=tuple(arguments),
        tried_first=() if command.lstrip().startswith('"') else _before(program),
        host=host_line(arguments),
    )


def host_line(arguments: Sequence[str]) -> HostLine | None:
    """Find the host of ours among the *arguments* of an interpreter."""
    for at, each in enumerate(arguments):
        if ntpath.normpath(each).casefold().endswith(_HOST):
            rest = arguments[at + 1 : -1]
            homes = [rest[n + 1] for n, word in enumerate(rest[:-1]) if word == "--home"]
            return HostLine(script=each, home=homes[-1] if homes else "", system="--system" in rest)
    return None


def with_suffix(program: str) -> str:
    """Give *program* as Windows looks for it: ``.exe`` is added where there is no suffix."""
    return program if ntpath.splitext(program)[1] else f"{program}.exe"


def _words(command: str, is_file: IsFile) -> list[str]:
    """Give the program and its arguments; one that is gone ends where its suffix does."""
    words = command_words(command, is_file=is_file)
    if command.lstrip().startswith('"') or is_file(with_suffix(words[0])):
        return words
    found = _UP_TO_SUFFIX.match(command.lstrip())
    if found is None:
        return words
    program = found.group()
    return command_words(f'"{program}"{command.lstrip()[len(program) :]}', is_file=is_file)


def _before(program: str) -> tuple[str, ...]:
    """Give what CreateProcessW tries before *program*, which has no quotes, in its order."""
    ends = [at for at, each in enumerate(program) if each == " "]
    return tuple(dict.fromkeys(with_suffix(program[:end].rstrip()) for end in ends))
