"""What every file watch must do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

import pytest

from svcctl.ports import FileWatch
from svcctl.system.watch import FileSystemWatch
from svcctl.testing.fakes import FakeClock, FakeFileWatch


class Files(Protocol):
    """A watch, and somebody who changes files."""

    watch: FileWatch

    def change(self, glob: str, path: Path, text: str) -> None:
        """Write *text* to *path*, which fits *glob*, and let the watch look."""


class FakeFiles:
    """Nothing is written."""

    def __init__(self) -> None:
        self.watch = FakeFileWatch()

    def change(self, glob: str, path: Path, text: str) -> None:
        del text
        self.watch.change(glob, str(path))


class RealFiles:
    """Files that are looked at each second of a clock that a test moves."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.watch = FileSystemWatch(self.clock, every=1.0, use_watchfiles=False)

    def change(self, glob: str, path: Path, text: str) -> None:
        del glob
        path.write_text(text)
        self.clock.forward(1.0)


@pytest.fixture(params=[FakeFiles, RealFiles], ids=["fake", "polled"])
def files(request: pytest.FixtureRequest) -> Files:
    made: Files = request.param()
    return made


async def test_it_tells_which_file_came_and_which_changed(files: Files, tmp_path: Path) -> None:
    told: list[list[str]] = []
    glob, path = str(tmp_path / "*.toml"), tmp_path / "a.toml"

    files.watch.watch((glob,), told.append)
    files.change(glob, path, "1")
    files.change(glob, path, "22")
    await asyncio.sleep(0)

    assert told == [[str(path)], [str(path)]]


async def test_each_is_told_of_its_own_globs(files: Files, tmp_path: Path) -> None:
    told: list[list[str]] = []
    other: list[list[str]] = []
    globs = (str(tmp_path / "*.toml"), str(tmp_path / "*.env"))
    path = tmp_path / "a.env"

    files.watch.watch(globs, told.append)
    files.watch.watch((globs[0],), other.append)
    files.change(globs[1], path, "1")

    assert (told, other) == ([[str(path)]], [])


async def test_who_has_cancelled_is_told_nothing(files: Files, tmp_path: Path) -> None:
    told: list[list[str]] = []
    glob = str(tmp_path / "*.toml")
    cancel = files.watch.watch((glob,), told.append)

    cancel()
    cancel()
    files.change(glob, tmp_path / "a.toml", "1")

    assert told == []
