"""Says how this very program is run again: pure, but for the one function that looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LISTENERS = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
"""Variables of sd_listen_fds(3)."""

_WITH_VALUE = frozenset(("-W", "-X", "--check-hash-based-pycs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How a program was started: what the kernel is given to start it once more.

    *argv* is that of the interpreter, its own options included; *folder* is where it was started,
    which ``-m``, ``-c`` and relative paths depend on.
    """

    executable: str
    argv: tuple[str, ...]
    folder: str


def this_program() -> Program:
    """Give the program this process runs; to be asked before anybody changes the folder.

    All forms are known: a script, ``-m module``, ``-c code``, a frozen executable.
    """
    return Program(
        executable=sys.executable,
        argv=again(sys.executable, sys.orig_argv or [sys.executable, *sys.argv]),
        folder=os.getcwd(),
    )


def again(executable: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Give the *argv* for another run: as it was, the interpreter by its whole path."""
    return (executable, *argv[1:])


def described(program: Program) -> str:
    """Say in a few words what is run: a script, ``-m module`` or ``-c``, without its arguments."""
    words = iter(program.argv[1:])
    for word in words:
        if word in _WITH_VALUE:
            next(words, "")
        elif word == "-m":
            return f"-m {next(words, '')}"
        elif word == "-c":
            return "-c"
        elif not word.startswith("-"):
            return word
    return program.executable


def environment_for(environ: Mapping[str, str], *, pid: int, listeners: int) -> dict[str, str]:
    """Give the environment for another run of process *pid*, which is handed *listeners* sockets.

    They are descriptors 3, 4, ... as sd_listen_fds(3) has it.
    """
    found = {name: value for name, value in environ.items() if name not in LISTENERS}
    if listeners:
        found |= {"LISTEN_FDS": str(listeners), "LISTEN_PID": str(pid)}
    return found
