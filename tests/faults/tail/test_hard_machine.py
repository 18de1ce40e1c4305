"""A machine that refuses for a while: folders nobody may look into, a disk that takes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import FullDisk, full_disk
from tests.faults.tail.stand import PATIENCE, Stand
from tests.faults.trial import Effort
from tests.flows.conftest import until

_OVERRIDING = "-dac_override,-dac_read_search"  # what lets root look into everything


class Writer:
    """Numbered lines in the log of *stand*, written by the test itself."""

    def __init__(self, stand: Stand) -> None:
        self.log, self.count = stand.log, 0

    def write(self, lines: int) -> None:
        text = (b"%09d a line of many\n" % each for each in range(self.count, self.count + lines))
        with open(self.log, "ab") as file:
            file.writelines(text)
        self.count += lines

    def rotate(self) -> None:
        for number in range(8, 0, -1):
            if (old := self.log.with_name(f"app.log.{number}")).exists():
                old.rename(self.log.with_name(f"app.log.{number + 1}"))
        self.log.rename(self.log.with_name("app.log.1"))


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A log nobody writes yet."""
    return Stand(tmp_path)


def without_privilege() -> list[str]:
    """Give what runs a program for which permissions count, though root starts it."""
    if os.geteuid() != 0:
        return []
    program = shutil.which("setpriv")
    assert program, "setpriv of util-linux is missing"
    return [program, f"--inh-caps={_OVERRIDING}", f"--bounding-set={_OVERRIDING}"]


def until_taken(stand: Stand, lines: int) -> None:
    until(lambda: len(set(stand.taken)) >= lines, within=PATIENCE / 5, what=f"{lines} lines")


def test_what_may_not_be_read_for_a_while_is_read_then(stand: Stand, effort: Effort) -> None:
    writer = Writer(stand)
    tailer = stand.follow(by=without_privilege())

    for turn in range(effort.of(20, bounded=2)):
        writer.write(100)
        until_taken(stand, writer.count)
        for _ in range(2):  # one file that is held, one that nobody could open
            writer.rotate()
            writer.write(100)
            stand.log.chmod(0)
        stand.log.parent.chmod(0 if turn % 2 else 0o700)
        if turn % 2:  # a restart finds nothing that it may look at
            stand.end(tailer)
            tailer = stand.follow(by=without_privilege())
        stand.log.parent.chmod(0o700)
        for each in stand.log.parent.iterdir():
            each.chmod(0o600)
        until_taken(stand, writer.count)

    stand.end(tailer)
    count = stand.count(writer.count)  # younger parts are read while an older one may not be
    assert (count.lost, count.repeated) == (0, 0)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    """The disk at ``state``."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    with full_disk(tmp_path / "state") as made:
        yield made


@pytest.mark.needs_root
def test_positions_on_a_disk_that_is_full_cost_no_line(
    tmp_path: Path, disk: FullDisk, effort: Effort
) -> None:
    stand = Stand(tmp_path, state=tmp_path / "state")
    writer = Writer(stand)
    tailer, full = stand.follow(), 0

    for _ in range(effort.of(10, bounded=2)):
        writer.write(100)
        until_taken(stand, writer.count)
        disk.refuse()
        writer.write(100)
        writer.rotate()
        writer.write(100)
        full += 200
        until_taken(stand, writer.count)
        tailer = _killed(stand, tailer)
        disk.accept()
    stand.end(tailer)
    calm = len(stand.taken)
    stand.end(stand.follow())

    found = stand.count(writer.count)
    assert (found.lost, len(stand.taken)) == (0, calm)
    assert found.repeated <= 4 * full


def _killed(stand: Stand, tailer: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    tailer.kill()
    tailer.wait()
    return stand.follow()
