"""Gives a program its three standard streams."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from typing import Any

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch

FileAction = tuple[Any, ...]


def file_actions(launch: Launch, stack: ExitStack) -> list[FileAction]:
    """Give what posix_spawn has to do; *stack* closes what is needed until then."""
    actions: list[FileAction] = [_stdin(launch, stack)]
    for number, source in ((1, launch.stdout), (2, launch.stderr)):
        if source is None:
            actions.append((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0))
        elif source >= 0:
            actions.append((os.POSIX_SPAWN_DUP2, _out_of_the_way(source, stack), number))
    return actions


def _stdin(launch: Launch, stack: ExitStack) -> FileAction:
    kind, _, path = launch.stdin.partition(":")
    match kind:
        case "null":
            return (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        case "open":
            source = _endless_pipe(stack)
        case "file":
            try:
                source = os.open(os.path.join(launch.cwd, path), os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise CannotSpawn(
                    f"input file '{path}' cannot be read: {error.strerror}",
                    hint="correct stdin in the service's file",
                    permanent=True,
                ) from error
            stack.callback(os.close, source)
        case _:
            raise CannotSpawn(
                f"stdin '{launch.stdin}' is not known",
                hint="use null, open or file:PATH",
                permanent=True,
            )
    return (os.POSIX_SPAWN_DUP2, _out_of_the_way(source, stack), 0)


def _endless_pipe(stack: ExitStack) -> int:
    """Give a pipe whose reader holds the writing end too: it never ends, even without us."""
    reader, writer = os.pipe()
    stack.callback(os.close, reader)
    stack.callback(os.close, writer)
    both = os.open(f"/proc/self/fd/{reader}", os.O_RDWR | os.O_CLOEXEC)
    stack.callback(os.close, both)
    return both


def _out_of_the_way(source: int, stack: ExitStack) -> int:
    """Give a copy of a descriptor that another action would overwrite before it is used."""
    if source > 2:
        return source
    copy = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, 3)
    stack.callback(os.close, copy)
    return copy
