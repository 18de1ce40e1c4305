"""Finds the logs that fit globs, and tells them from their own older parts and other names."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable

from svcctl.observe.logs.tail.names import belongs_to, parts_of


def find_logs(globs: Iterable[str], known: Collection[str]) -> list[str]:
    """Give the paths that fit *globs*, each log once.

    Older parts of a log that fits too, or is *known*, are left out; so is a link to such a log.
    A path without wildcards is taken as it is, even while nothing is there.
    """
    from glob import has_magic, iglob  # noqa: PLC0415 - few agents watch anything

    found: dict[str, None] = {}
    named = [each for each in globs if not has_magic(each)]
    for pattern in globs:
        if has_magic(pattern):
            found.update(dict.fromkeys(iglob(pattern, recursive=True, include_hidden=True)))
    logs = {*found, *known, *named}
    wanted = [path for path in found if not _is_part(path, logs) and _is_log(path, logs)]
    return list(dict.fromkeys([*named, *wanted]))


class Folders:
    """The older parts of logs, each folder read once until :meth:`forget`."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, list[str]]] = {}

    def forget(self) -> None:
        """Read folders again when somebody asks."""
        self._parts.clear()

    def parts(self, path: str) -> list[str]:
        """Give the paths of the older parts of the log at *path*, beside it and where it leads."""
        found = self._beside(path)
        if os.path.islink(path):
            found += self._beside(os.path.realpath(path))
        return found

    def _beside(self, path: str) -> list[str]:
        folder, base = os.path.split(path)
        if folder not in self._parts:
            self._parts[folder] = _by_log(folder)
        names = self._parts[folder].get(base, [])
        return [os.path.join(folder, name) for name in parts_of(base, names)]


def _by_log(folder: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        names = os.listdir(folder or ".")
    except OSError:  # it is gone, or nobody may read it: the log itself tells of that
        return {}
    for name in names:
        for base in belongs_to(name):
            found.setdefault(base, []).append(name)
    return found


def _is_part(path: str, logs: Collection[str]) -> bool:
    folder, name = os.path.split(path)
    return any(os.path.join(folder, base) in logs for base in belongs_to(name))


def _is_log(path: str, logs: Collection[str]) -> bool:
    try:
        if os.path.islink(path) and os.path.realpath(path) in logs:
            return False
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
