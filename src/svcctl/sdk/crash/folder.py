"""Keeps crash reports as files: whole or not at all, not too many, and which are still unsent."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from svcctl.ports import Document
from svcctl.system import whole_file

_PREFIX, _SUFFIX, _SENT = "crash-", ".json", ".sent"


def report_name(*, stamp: str, fingerprint: str, number: str) -> str:
    """Give the file name of a report; names sort by time, and tell which fault it was."""
    return f"{_PREFIX}{stamp}-{fingerprint}-{number}{_SUFFIX}"


def id_of(name: str) -> str:
    """Give what a report is called by people: ids sort by time as names do."""
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def name_of(id: str) -> str:  # noqa: A002 - it is one
    """Give the file name of the report of that id."""
    return f"{_PREFIX}{id}{_SUFFIX}"


def surplus(names: Iterable[str], keep: int) -> list[str]:
    """Say which reports go so that *keep* are left: the oldest of the most frequent fault first.

    So a fault that is seen every second cannot drive out the one that was seen once.
    """
    left = sorted(names)
    counts = Counter(map(_fingerprint, left))
    gone = []
    while len(left) > keep:
        most = max(counts.values())
        oldest = next(each for each in left if counts[_fingerprint(each)] == most)
        counts[_fingerprint(oldest)] -= 1
        left.remove(oldest)
        gone.append(oldest)
    return gone


def _fingerprint(name: str) -> str:
    parts = name.split("-")
    return parts[2] if len(parts) > 2 else name


class CrashFolder:
    """The crash reports of one service in the folder *path*, at most *keep*.

    Every call raises OSError where the system refuses.
    """

    def __init__(self, path: str, *, keep: int = 50) -> None:
        self.path = path
        self._keep = keep

    def names(self) -> list[str]:
        """Give the names of the reports, oldest first."""
        return [each for each in self._all() if _is_report(each)]

    def unsent(self) -> list[str]:
        """Give the names of the reports that nobody has taken yet, oldest first."""
        marks = {each for each in self._all() if each.endswith(_SENT)}
        return [each for each in self.names() if _mark(each) not in marks]

    def read(self, name: str) -> Document:
        """Give a report; raises ValueError where the file holds none."""
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            found = json.load(file)
        if not isinstance(found, dict):
            raise ValueError(f"{name!r} is no report")
        return found

    def add(self, name: str, report: Document) -> str:
        """Write a report and give its path; older ones go where there are too many.

        What a full disk left of it is taken away again.
        """
        path = os.path.join(self.path, name)
        content = json.dumps(report, indent=1, ensure_ascii=False, default=repr)
        try:
            whole_file.write(path, content.encode(errors="backslashreplace"), mode=0o600)
        except OSError:
            self._remove_drafts()
            raise
        for each in surplus(self.names(), self._keep):
            self._remove(each)
        return path

    def mark_sent(self, name: str) -> None:
        """Note that a report was taken; one that is gone meanwhile leaves no trace."""
        if os.path.exists(os.path.join(self.path, name)):
            whole_file.write(os.path.join(self.path, _mark(name)), b"", mode=0o600)

    def _all(self) -> list[str]:
        try:
            return sorted(os.listdir(self.path))
        except FileNotFoundError:
            return []

    def _remove(self, name: str) -> None:
        whole_file.delete(os.path.join(self.path, name))
        whole_file.delete(os.path.join(self.path, _mark(name)))

    def _remove_drafts(self) -> None:
        with suppress(OSError):  # the one failure that led here is told already
            for each in self._all():
                if each.startswith(f".{_PREFIX}"):
                    whole_file.delete(os.path.join(self.path, each))


def _is_report(name: str) -> bool:
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def _mark(name: str) -> str:
    return f"{name}{_SENT}"
