"""Files that a service has while it lives: temporary ones, and locks that no crash leaves shut."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import TypeVar

from svcctl.errors import Conflict
from svcctl.sdk import holder
from svcctl.sdk.holder import Holder
from svcctl.system.lock import lock

T = TypeVar("T")

_TEMPORARY = "tmp"
_OWNER = re.compile(r"(\d+)-(\d+)-(.*)")


class Temporary(AbstractContextManager[str]):
    """Something that is made when it is entered, and removed when it is left.

    ``ctx.use`` puts it into the service's own folder; without a service it is in the system's
    folder for temporary files.
    """

    def __init__(self, make: Callable[[str], AbstractContextManager[str]]) -> None:
        self._make = make
        self._made: AbstractContextManager[str] | None = None
        self.folder = ""

    def __enter__(self) -> str:
        """Make it and give its path; raises OSError where it cannot be made."""
        self._made = self._make(self.folder)
        return self._made.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove it; raises OSError where it cannot be removed, and the next start does it."""
        if self._made is not None:
            self._made.__exit__(kind, error, traceback)


def temp_file(*, suffix: str = "") -> Temporary:
    """Give an empty file for ``await ctx.use(temp_file(suffix=".csv"))``, which gives its path.

    Only the service's account can read it.  It is removed when the service ends; what a crash
    leaves is removed when the service is started again.
    """
    return Temporary(partial(_file, suffix=suffix))


def temp_folder() -> Temporary:
    """Give a folder for ``await ctx.use(temp_folder())``, which gives its path.

    Whatever is in it is removed with it; the rest as in :func:`temp_file`.
    """
    return Temporary(_folder)


@contextmanager
def lock_file(path: str | os.PathLike[str]) -> Iterator[str]:
    """Hold the lock file *path*, for ``await ctx.use(lock_file("/run/lock/modem"))``.

    Raises Conflict where a living process holds it: one that has locked it, or whose pid stands in
    it.  Neither a dead one counts, nor another process that has got its pid.  The file is there
    with our pid in its first line, until the service ends.
    """
    where = os.fspath(path)

    def busy(note: str) -> Conflict:
        who = holder.described(_noted(where, note))
        return Conflict(f"lock file '{where}' is held by {who}", hint="stop that process first")

    def stale(note: str) -> bool:
        who = _noted(where, note)
        return who is None or who.pid == os.getpid() or not holder.lives(who)

    if parent := os.path.dirname(where):
        os.makedirs(parent, exist_ok=True)
    note = holder.this_process().note()
    with lock(where, note=note, busy=busy, stale=stale, mode=0o644, remove=True):
        yield where


def placed(resource: T, folder: str) -> T:
    """Give *resource*, which will be made in *folder* if it is of those that are made."""
    if isinstance(resource, Temporary):
        resource.folder = folder
    return resource


def remove_leftovers(folder: str) -> list[str]:
    """Remove what dead processes left of temporary files in *folder*; give what is still there.

    To be called before this process makes any: what has its name is of a program it was before.
    """
    left = []
    for name in _names(os.path.join(folder, _TEMPORARY)):
        owner = _owner(name)
        if owner is None or (owner.pid != os.getpid() and holder.lives(owner)):
            continue
        import shutil  # noqa: PLC0415 - 0.5 MB, after a crash only

        path = os.path.join(folder, _TEMPORARY, name)
        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            left.append(path)
    return left


def _noted(path: str, note: str) -> Holder | None:
    return holder.parse(note, written=os.stat(path).st_mtime)


@contextmanager
def _file(folder: str, *, suffix: str) -> Iterator[str]:
    import tempfile  # noqa: PLC0415 - 1 MB, for those that want it

    with _own(folder) as own:
        descriptor, path = tempfile.mkstemp(suffix=suffix, dir=own)
        os.close(descriptor)
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):  # the service has moved it to where it belongs
                os.unlink(path)


@contextmanager
def _folder(folder: str) -> Iterator[str]:
    import shutil  # noqa: PLC0415 - as above
    import tempfile  # noqa: PLC0415

    with _own(folder) as own:
        path = tempfile.mkdtemp(dir=own)
        try:
            yield path
        finally:
            with suppress(FileNotFoundError):
                shutil.rmtree(path)


@contextmanager
def _own(folder: str) -> Iterator[str | None]:
    """Give the folder of this process' temporary files, there while it has any."""
    if not folder:
        yield None
        return
    me = holder.this_process()
    own = os.path.join(folder, _TEMPORARY, f"{me.pid}-{me.start_ticks}-{me.boot_id}")
    os.makedirs(own, mode=0o700, exist_ok=True)
    try:
        yield own
    finally:
        with suppress(OSError):  # there are others in it
            os.rmdir(own)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _owner(name: str) -> Holder | None:
    found = _OWNER.fullmatch(name)
    if found is None:
        return None
    return Holder(pid=int(found[1]), start_ticks=int(found[2]), boot_id=found[3])
