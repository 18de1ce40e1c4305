"""Sees to it that an agent finds descriptors: as many as it may have, and one for need."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from svcctl.errors import CannotSpawn

NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE})
_ENOUGH = 4  # pipes' worth of descriptors that a spawn takes, and has to have before it begins

FileLimit = tuple[int, int]
"""Soft and hard: see getrlimit(2)."""


def raise_file_limit() -> FileLimit:
    """Let this process have as many files as it may; give the limit it had.

    Every instance takes some four descriptors, and 1024 are common.
    """
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    return before


def restore_file_limit(before: FileLimit) -> None:
    """Have the limit *before* again."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def file_limit(inherited: FileLimit | None) -> Iterator[None]:
    """Have the limit *inherited* for as long as the block lasts, in which a program is started.

    More than it was made for makes it fail or slow: see select(2), and whoever closes all it may.
    """
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)
    if inherited in {None, ours}:
        yield
        return
    assert inherited is not None
    restore_file_limit(inherited)
    try:
        yield
    finally:
        restore_file_limit(ours)


def give_file_limit(pid: int, limit: FileLimit) -> None:
    """Give a program that has just been started its limit: prlimit(2), where there is one."""
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is not None:
        with suppress(ValueError, OSError):
            prlimit(pid, resource.RLIMIT_NOFILE, limit)


@cache
def keep_one_spare() -> list[int]:
    """Hold a descriptor that can be let go of where none is left."""
    return [_some_descriptor()]


@contextmanager
def spare_descriptor() -> Iterator[None]:
    """Let somebody who found none left open one while the block lasts."""
    spare = keep_one_spare()
    while spare:
        os.close(spare.pop())
    try:
        yield
    finally:
        with suppress(OSError):  # somebody else was in need too: the next time will do
            spare.append(_some_descriptor())


def insist_on_descriptors() -> None:
    """Raise CannotSpawn where too few are left: half a spawn is worse than none."""
    found: list[int] = []
    try:
        for _ in range(_ENOUGH):
            found.extend(os.pipe())
    except OSError as error:
        raise CannotSpawn(
            f"the agent has no descriptors left: {error.strerror}",
            hint="give it more: ulimit -n, or LimitNOFILE= in its unit",
        ) from error
    finally:
        for each in found:
            os.close(each)


def _some_descriptor() -> int:
    return os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
