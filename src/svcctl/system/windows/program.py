"""Finds the file a command means, and says in words why it cannot be run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from svcctl.errors import CannotSpawn
from svcctl.system.windows.command_line import look_up
from svcctl.system.windows.winapi import message

_EXTENSIONS = ".COM;.EXE;.BAT;.CMD"
_RUNNABLE = (".com", ".exe", ".bat", ".cmd")
_SEPARATORS = ("\\", "/", ":")

# Want of memory, handles or room for the commit; a file in use; a machine that goes down.
_PASSING = frozenset((4, 8, 14, 32, 33, 1115, 1450, 1453, 1454, 1455, 1816))
_MISSING = frozenset((2, 3))
_FOREIGN = frozenset((11, 193, 216))  # not a program at all, or one for other processors


def find_program(name: str, *, env: Mapping[str, str], cwd: str) -> str:
    """Give the absolute path of the program *name*, or raise CannotSpawn with the cause.

    A name with a separator is relative to *cwd*; any other is looked for in the PATH of *env*,
    and nowhere else: not in *cwd*, where anybody may have put a program of that name.  Where the
    name has no extension, those of PATHEXT are tried.
    """
    if not name:
        raise CannotSpawn("the command is empty", hint="name a program", permanent=True)
    endings = (look_up(env, "PATHEXT") or _EXTENSIONS).split(";")
    if any(each in name for each in _SEPARATORS):
        for path in _spellings(os.path.join(cwd, name), endings):
            if os.path.isfile(path):
                return os.path.abspath(path)
        raise _missing(os.path.join(cwd, name))
    search = look_up(env, "PATH") or default_path()
    for folder in filter(os.path.isabs, search.split(";")):
        for path in _spellings(os.path.join(folder, name), endings):
            if os.path.isfile(path):
                return os.path.abspath(path)
    raise CannotSpawn(
        f"program '{name}' was not found in PATH ({search})",
        hint="give its full path, or set PATH in env",
        permanent=True,
    )


def shell() -> str:
    """Give the path of cmd.exe; not from the environment, which a definition can change."""
    return os.path.join(system_root(), "System32", "cmd.exe")


def system_root() -> str:
    """Give the folder of Windows."""
    return os.environ.get("SystemRoot", r"C:\Windows")  # noqa: SIM112 - so it is written


def default_path() -> str:
    """Give where programs are looked for by who has no PATH."""
    return rf"{system_root()}\System32;{system_root()}"


def explain(path: str, code: int) -> CannotSpawn:
    """Turn Windows' error *code* about starting *path* into something a person can act upon."""
    problem, hint = f"'{path}' could not be started: {message(code)} (error {code})", ""
    if code in _MISSING:
        return _missing(path)
    if code in _FOREIGN and not path.lower().endswith(_RUNNABLE):
        problem = f"'{path}' is no program but a document or a script"
        hint = "put the program that runs it first in exec, such as powershell.exe -File"
    elif code in _FOREIGN:
        problem = f"'{path}' is not a program this machine can run"
    elif code == 5:
        problem = f"'{path}' may not be run by this account"
        hint = f'see its permissions: icacls "{path}"'
    elif code == 740:
        problem = f"'{path}' asks to be run as administrator"
        hint = "install it for an account that is one, or run svcctl elevated"
    elif code == 206:
        problem = f"the arguments and environment of '{path}' are too long"
        hint = "pass large values in a file"
    return CannotSpawn(problem, hint=hint, permanent=code not in _PASSING)


def check_folder(path: str) -> None:
    """Raise CannotSpawn where *path* is no folder one can work in."""
    if not os.path.isdir(path):
        raise CannotSpawn(
            f"working directory '{path}' does not exist or is no folder",
            hint=f'make it: mkdir "{path}"',
            permanent=True,
        )


def _spellings(path: str, endings: list[str]) -> Iterator[str]:
    if os.path.splitext(path)[1]:
        yield path
    for ending in endings:
        yield path + ending
    if not os.path.splitext(path)[1]:
        yield path


def _missing(path: str) -> CannotSpawn:
    if os.path.isdir(path):
        return CannotSpawn(f"'{path}' is a folder, not a program", permanent=True)
    return CannotSpawn(
        f"program '{path}' was not found",
        hint="check the spelling; a relative path starts at the working directory",
        permanent=True,
    )
