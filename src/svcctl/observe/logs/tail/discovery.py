"""Finds the logs that fit globs, and tells them from their own older parts and other names."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from svcctl.observe.logs.tail.names import belongs_to, parts_of

_TICK_NS = 50_000_000  # two changes within that time may leave a folder with the same time


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """What is in a folder, by log: names and inodes; *settled*: its time tells of any change."""

    changed_ns: int
    settled: bool
    logs: Mapping[str, Mapping[str, int]]


class Folders:
    """The older parts of logs; a folder is read again when its time says so, or nobody knows."""

    def __init__(self) -> None:
        self._listings: dict[str, _Listing] = {}

    def forget(self) -> None:
        """Read folders again when somebody asks, whatever their times: some keep none."""
        self._listings.clear()

    def parts(self, path: str) -> dict[str, int]:
        """Give the older parts of the log at *path*, beside it and where it leads: their inodes."""
        found = self._beside(path)
        if os.path.islink(path):
            found |= self._beside(os.path.realpath(path))
        return found

    def _beside(self, path: str) -> dict[str, int]:
        folder, base = os.path.split(path)
        names = self._listing(folder).logs.get(base, {})
        return {os.path.join(folder, name): names[name] for name in parts_of(base, list(names))}

    def _listing(self, folder: str) -> _Listing:
        try:
            changed_ns = os.stat(folder or ".").st_mtime_ns
        except OSError:  # it is gone: the log itself tells of that
            changed_ns = 0
        known = self._listings.get(folder)
        if known is None or not known.settled or known.changed_ns != changed_ns:
            settled = time.time_ns() - changed_ns > _TICK_NS
            known = _Listing(changed_ns=changed_ns, settled=settled, logs=_by_log(folder))
            self._listings[folder] = known
        return known


def _by_log(folder: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    try:
        with os.scandir(folder or ".") as entries:
            names = {each.name: each.inode() for each in entries}
    except OSError:  # it is gone, or nobody may read it: the log itself tells of that
        return {}
    for name, inode in names.items():
        for base in belongs_to(name):
            found.setdefault(base, {})[name] = inode
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
