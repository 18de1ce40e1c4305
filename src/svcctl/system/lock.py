"""A file that only one process at a time can hold, with a note on who does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

from svcctl.errors import Conflict, SvcctlError
from svcctl.system.detect import Platform, platform

Busy = Callable[[str], SvcctlError]
"""Makes an error of the note that the holder of a lock has written."""

Stale = Callable[[str], bool]
"""Says of a note that was left whether its writer is gone."""

_LONGEST = 512  # bytes of a note

_held: set[int] = set()


@contextmanager
def lock(
    path: str,
    *,
    note: str,
    busy: Busy,
    stale: Stale = lambda _: True,
    mode: int = 0o600,
    remove: bool = False,
) -> Iterator[None]:
    """Hold the file *path* with *note* in it.

    Raises what *busy* makes of the holder's note where somebody holds it, or has not locked it
    but is not *stale*; OSError where the system refuses.  It is let go of at the end of the block,
    by an exec and by the death of the process, whatever children it has forked.  *remove*: a block
    that is left leaves no file behind.
    """
    file = _locked(path, busy=busy, mode=mode)
    try:
        before = _read(file)
        if before and not stale(before):
            raise busy(before)
        _write(file, note)
        try:
            yield
        finally:
            if remove:
                _remove(path, file)
    finally:
        _close(file)


@contextmanager
def agent_lock(path: str) -> Iterator[None]:
    """Hold the one lock of an agent or a host; raises Conflict with the holder's pid."""

    def busy(holder: str) -> Conflict:
        return Conflict(
            f"another agent already runs here (pid {holder.strip() or 'unknown'})",
            hint="see it with: svcctl agent status; or set SVCCTL_HOME for a second one",
        )

    with lock(path, note=f"{os.getpid()}\n", busy=busy):
        yield


def _locked(path: str, *, busy: Busy, mode: int) -> int:
    """Open and lock *path*; whoever removes it meanwhile makes us begin again."""
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.lock import lock_file, open_lock  # noqa: PLC0415
    else:
        from svcctl.system.posix.lock import lock_file, open_lock  # noqa: PLC0415
    while True:
        file = open_lock(path, mode=mode)
        _held.add(file)
        _watch_forks()
        try:
            lock_file(file)
            if _is_there(path, file):
                return file
        except BlockingIOError as error:
            note = _read(file)
            _close(file)
            raise busy(note) from error
        except OSError:
            _close(file)
            raise
        _close(file)


def _is_there(path: str, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _remove(path: str, file: int) -> None:
    if platform() is Platform.WINDOWS:  # it removes no open file, neither ours nor of who waits
        os.ftruncate(file, 0)
        _close(file)
        with suppress(PermissionError, FileNotFoundError):
            os.unlink(path)
    elif _is_there(path, file):
        os.unlink(path)


def _close(file: int) -> None:
    if file in _held:
        _held.discard(file)
        os.close(file)


def _read(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    return os.read(file, _LONGEST).decode(errors="replace")


def _write(file: int, note: str) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, note.encode())


@cache
def _watch_forks() -> None:
    """Have children that are forked let go of our files: the locks would be theirs as well."""
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(after_in_child=_close_all)


def _close_all() -> None:
    while _held:
        os.close(_held.pop())
