"""Starts this very program again, in the same process, with the sockets it listens on."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import MutableMapping, Sequence
from contextlib import suppress

from svcctl.errors import CannotSpawn, Conflict
from svcctl.sdk.crash.program import LISTENERS, Program, described, environment_for
from svcctl.system.detect import replaces_programs

RESTART_WANTED = 75
"""EX_TEMPFAIL of sysexits.h: the service ended so that its manager starts it again."""

_FIRST_LISTENER = 3  # SD_LISTEN_FDS_START


def run_again(program: Program, *, keep: Sequence[socket.socket] = ()) -> int:
    """Replace this process by a new run of *program*, which is handed the sockets *keep*.

    To be called last, when all else is released: nothing of this run goes on, no finalizer is
    called.  Pid, standard streams and environment stay.  The new run takes the sockets by
    :func:`take_listeners`, in the same order; meanwhile connections wait in their queues.
    Raises CannotSpawn where the program cannot be run.

    On Windows no process can be replaced: gives the exit status to end with, upon which the
    manager starts the service anew.  Raises Conflict there where sockets should be kept.
    """
    if not replaces_programs():
        if keep:
            raise Conflict("sockets cannot be kept over a restart on Windows", hint="listen anew")
        return RESTART_WANTED
    environ = environment_for(os.environ, pid=os.getpid(), listeners=len(keep))
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed, or none
            stream.flush()
    try:
        os.chdir(program.folder)
        _place(keep)
        os.execve(program.executable, program.argv, environ)  # noqa: S606 - our own program
    except OSError as error:
        raise CannotSpawn(
            f"{described(program)!r} cannot be run again: {error.strerror}",
            hint=f"is {program.executable!r} still there?",
        ) from error


def take_listeners(environ: MutableMapping[str, str] | None = None) -> tuple[socket.socket, ...]:
    """Give the sockets this process was handed, by an earlier run or by systemd, in their order.

    As sd_listen_fds(3): only where ``LISTEN_PID`` is this process.  The variables are removed, so
    that no child takes them for its own; the sockets are not inherited further.
    """
    environ = os.environ if environ is None else environ
    given = {name: environ.pop(name, "") for name in LISTENERS}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return ()
    found = []
    for descriptor in range(_FIRST_LISTENER, _FIRST_LISTENER + int(given["LISTEN_FDS"])):
        os.set_inheritable(descriptor, False)
        found.append(socket.socket(fileno=descriptor))
    return tuple(found)


def _place(keep: Sequence[socket.socket]) -> None:
    """Make the sockets descriptors 3, 4, ..., the only ones the next run inherits."""
    import fcntl  # noqa: PLC0415 - Windows, which comes not here, has none

    free = _FIRST_LISTENER + len(keep)
    copies = [fcntl.fcntl(each.fileno(), fcntl.F_DUPFD_CLOEXEC, free) for each in keep]
    for number, copy in enumerate(copies):
        os.dup2(copy, _FIRST_LISTENER + number, inheritable=True)
