"""Finds the file a command means, and says in words why it cannot be run."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from svcctl.errors import CannotSpawn

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSING = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY, errno.EINTR}


def find_program(name: str, *, env: Mapping[str, str], cwd: str) -> str:
    """Give the absolute path of the program *name*, or raise CannotSpawn with the cause.

    A name with a slash is relative to *cwd*; any other is looked for in the PATH of *env*.
    """
    if not name:
        raise CannotSpawn("the command is empty", hint="name a program", permanent=True)
    if "/" in name:
        return _insist(os.path.join(cwd, name))
    search = env.get("PATH", DEFAULT_PATH)
    passed_over = ""
    for folder in search.split(":"):
        path = os.path.join(cwd, folder, name)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            passed_over = passed_over or path
    if passed_over:
        return _insist(passed_over)
    raise CannotSpawn(
        f"program '{name}' was not found in PATH ({search})",
        hint="give its full path, or set PATH in env",
        permanent=True,
    )


def explain(path: str, error: OSError) -> CannotSpawn:
    """Turn what the system said about starting *path* into something a person can act upon."""
    interpreter = interpreter_of(path)
    match error.errno:
        case errno.ENOENT if interpreter:
            problem = f"'{path}' needs the interpreter '{interpreter}', which does not exist"
            hint = f"install '{interpreter}', or correct the first line of '{path}'"
        case errno.ENOENT:
            problem = f"'{path}' cannot be run: its loader (or the file itself) does not exist"
            hint = f"see what it was built for: file {path}"
        case errno.EACCES:
            problem = f"'{path}' may not be run by this user"
            hint = f"see the permissions of it, of the folders above, and noexec: namei -l {path}"
        case errno.ENOEXEC:
            problem = f"'{path}' is not a program this machine can run"
            hint = "begin a script with a line such as #!/bin/sh"
        case errno.E2BIG:
            problem = f"the arguments and environment of '{path}' are too long"
            hint = "pass large values in a file"
        case _:
            problem = f"'{path}' could not be started: {error.strerror}"
            hint = ""
    return CannotSpawn(problem, hint=hint, permanent=error.errno not in _PASSING)


def interpreter_of(path: str) -> str:
    """Give the program a script's first line names; empty where it names none."""
    try:
        with open(path, "rb") as script:
            first = script.readline(256)
    except OSError:
        return ""
    words = first[2:].split() if first.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else ""


def check_folder(path: str) -> None:
    """Raise CannotSpawn where *path* is no folder one can work in."""
    if not os.path.isdir(path):
        raise CannotSpawn(
            f"working directory '{path}' does not exist or is no folder",
            hint=f"make it: mkdir -p {path}",
            permanent=True,
        )
    if not os.access(path, os.X_OK):
        raise CannotSpawn(
            f"working directory '{path}' may not be entered",
            hint=f"see its permissions: namei -l {path}",
            permanent=True,
        )


def _insist(path: str) -> str:
    """Give *path* back, or say why it is no program."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise CannotSpawn(
            f"program '{path}' was not found: {error.strerror}",
            hint="check the spelling; a relative path starts at the working directory",
            permanent=True,
        ) from error
    if stat.S_ISDIR(mode):
        raise CannotSpawn(f"'{path}' is a folder, not a program", permanent=True)
    if not os.access(path, os.X_OK):
        raise CannotSpawn(
            f"'{path}' is not executable", hint=f"make it so: chmod +x {path}", permanent=True
        )
    return path
