"""Measures what a folder holds and how much room its disk has left, without taking long."""

from __future__ import annotations

import os

_MOST = 10_000  # entries: a larger folder is not looked at to its end
_BLOCK = 512  # bytes, whatever the disk's own are, see stat(2)


def measure(path: str) -> tuple[int, int] | None:
    """Give the bytes that what is below *path* takes, and those that its disk has left.

    Links are not followed.  None for what is no folder, is hidden from us, or holds too much to be
    looked at now and then.  To be called in a thread.
    """
    used = entries = 0
    waiting = [path]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as found:
                for each in found:
                    entries += 1
                    if entries > _MOST:
                        return None
                    if each.is_dir(follow_symlinks=False):
                        waiting.append(each.path)
                    else:
                        used += _size(each)
        return used, _left(path)
    except OSError:
        return None


def _size(entry: os.DirEntry[str]) -> int:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # it was there a moment ago
        return 0
    blocks: int | None = getattr(found, "st_blocks", None)
    return found.st_size if blocks is None else blocks * _BLOCK


def _left(path: str) -> int:
    if hasattr(os, "statvfs"):
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize
    import shutil  # noqa: PLC0415 - 0.5 MB, for Windows

    return shutil.disk_usage(path).free
