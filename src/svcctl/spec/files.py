"""Finds and reads definition files: the ones named, those of a folder, those they include."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.errors import Mistake
from svcctl.spec.cleaning import clean
from svcctl.spec.locate import KeyPath
from svcctl.spec.names import FOR_ALL, did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.report import Report
from svcctl.spec.source import File, UnreadableError, open_file, reason

_TRIES = 500  # readings of files that somebody replaces meanwhile
_TOP = ("version", "include", "defaults", "services", "watch", *FOR_ALL)

Mark = tuple[int, ...] | None
"""What tells one state of a file or folder from another; None where there is none."""


def read_files(
    paths: Iterable[str | os.PathLike[str]], environ: Mapping[str, str], report: Report
) -> list[File]:
    """Read all *paths*, files or folders of ``*.toml``, and what they include, each file once.

    What cannot be read is reported and left out.  Who replaces a folder while it is read gets it
    read again: services of two versions must never be taken for one.
    """
    named = [os.fspath(path) for path in paths]
    reader = _Reader(environ=environ, report=Report())
    for _ in range(_TRIES):
        reader = _Reader(environ=environ, report=Report())
        reader.read_all(named)
        if reader.is_as_read():
            report.take(reader.report)
            return reader.files
    problem = "changes faster than it can be read"
    report.add(Mistake(problem=problem, file=", ".join(named), hint="try again"))
    return reader.files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    environ: Mapping[str, str]
    report: Report
    files: list[File] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)

    def read_all(self, paths: Iterable[str]) -> None:
        """Read all *paths*."""
        for path in paths:
            for shown, actual in self.expand(path):
                self.read(shown, None, actual)

    def is_as_read(self) -> bool:
        """Say whether all that was read is still there, and the same."""
        return all(_mark(path) == mark for path, mark in self.marks.items())

    def expand(self, shown: str) -> list[tuple[str, str]]:
        """Give the files that the path *shown* stands for, and where they are.

        A link to a folder is followed once: whoever points it elsewhere and back meanwhile, as a
        deployment does, cannot make two versions look like one.
        """
        self.marks[shown] = _mark(shown)
        try:
            folder = Path(os.path.realpath(shown))
            self.marks[str(folder)] = _mark(str(folder))
            if not folder.is_dir():
                return [(shown, shown)]
            found = sorted(each.name for each in folder.iterdir() if each.suffix == ".toml")
        except (OSError, ValueError) as error:
            self.report.add(Mistake(problem=f"cannot be read: {reason(error)}", file=shown))
            return []
        if not found:
            self.report.add(Mistake(problem="there is no *.toml file in this folder", file=shown))
        return [(str(Path(shown) / name), str(folder / name)) for name in found]

    def read(self, shown: str, parent: File | None, actual: str) -> None:
        """Read one file, and what it includes."""
        try:
            real = os.path.realpath(actual)
            if real in self.seen:
                return
            self.seen.add(real)
            self.marks.setdefault(actual, _mark(actual))
            file = open_file(shown, parent, actual=actual)
        except (OSError, ValueError) as error:
            self.report.add(Mistake(problem=f"cannot be read: {reason(error)}", file=shown))
            return
        except UnreadableError as error:
            self.report.add(error.mistake)
            return
        clean(file, self.environ, self.report)
        self._check_top(file)
        self.files.append(file)
        for included in self._included(file):
            self.read(included, file, included)

    def _included(self, file: File) -> list[str]:
        patterns = file.document.get("include", [])
        if not isinstance(patterns, list):
            hint = 'write: include = ["conf.d/*.toml"]'
            self._add(file, ("include",), "'include' is not a list", hint)
            return []
        found: list[str] = []
        for number, pattern in enumerate(patterns):
            if isinstance(pattern, str):
                found += self._matching(file, pattern, ("include", number))
            else:
                self._add(file, ("include", number), f"{show(pattern)} is not a file pattern")
        return found

    def _matching(self, file: File, pattern: str, at: KeyPath) -> list[str]:
        names = sorted(glob.glob(pattern, root_dir=file.folder, recursive=True))  # noqa: PTH207 (takes absolute patterns too)
        if not names and not glob.has_magic(pattern):
            self._add(file, at, f"there is no file {show(pattern)}")
        return [str(Path(file.shown).parent / name) for name in names]

    def _check_top(self, file: File) -> None:
        for key, value in file.document.items():
            if key in _TOP:
                continue
            hint = did_you_mean(key, _TOP)
            if isinstance(value, dict) and not hint:
                hint = f"a service is written as [services.{key}]"
            self.report.add(file.mistake((key,), f"unknown option {key!r}", hint, key=True))
        version = file.document.get("version", 1)
        if type(version) is not int or version != 1:
            problem = f"version {show(version)} is not known"
            self._add(file, ("version",), problem, "this svcctl reads: version = 1")
        for key in ("defaults", "services", *FOR_ALL):
            if not isinstance(file.document.get(key, {}), dict):
                self._add(file, (key,), f"{key!r} is not a table", f"write it as [{key}]")
                del file.document[key]
        if not isinstance(file.document.get("watch", []), list):
            self._add(file, ("watch",), "'watch' is not a list", "write it as [[watch]]")
            del file.document["watch"]

    def _add(self, file: File, path: KeyPath, problem: str, hint: str = "") -> None:
        self.report.add(file.mistake(path, problem, hint))


def _mark(path: str) -> Mark:
    try:
        found = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
