"""What a tree has open, and what it read and wrote: of processes that ended, too."""

from __future__ import annotations

import os

import pytest

from svcctl.system.posix import traffic
from svcctl.system.posix.process import Process, disk_bytes, open_files, read_process
from svcctl.system.posix.traffic import Traffic

WORKER = Process(
    pid=10,
    name="worker",
    state="S",
    ppid=1,
    group=10,
    session=10,
    start_ticks=1,
    threads=1,
    cpu_ticks=5,
    pages=1,
)
OTHER = WORKER._replace(pid=11)
HIDDEN = WORKER._replace(pid=12)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(traffic, "disk_bytes", found.get)
    monkeypatch.setattr(traffic, "open_files", lambda pid: 4 if pid in found else None)
    return found


def test_bytes_of_a_process_that_ended_stay_counted(disk: dict[int, tuple[int, int]]) -> None:
    seen = Traffic()
    disk |= {10: (100, 1000), 11: (10, 10)}

    both = seen.look([WORKER, OTHER])
    one = seen.look([OTHER])

    assert both == (8, 110, 1010)
    assert one == (4, 110, 1010)


def test_who_used_no_processor_time_is_not_asked_again(disk: dict[int, tuple[int, int]]) -> None:
    seen = Traffic()
    disk[10] = (100, 0)
    seen.look([WORKER])
    disk[10] = (300, 0)

    resting = seen.look([WORKER])
    working = seen.look([WORKER._replace(cpu_ticks=6)])

    assert (resting[1], working[1]) == (100, 300)


def test_a_pid_that_comes_again_is_another_process(disk: dict[int, tuple[int, int]]) -> None:
    seen = Traffic()
    disk[10] = (100, 0)
    seen.look([WORKER])
    disk[10] = (7, 0)

    again = seen.look([WORKER._replace(start_ticks=2)])

    assert again[1] == 107


@pytest.mark.usefixtures("disk")
def test_what_is_hidden_from_us_is_unknown_and_not_zero() -> None:
    assert Traffic().look([HIDDEN]) == (None, None, None)


def test_this_very_process_is_counted_right() -> None:
    me = read_process(os.getpid())

    before = open_files(os.getpid())
    descriptor = os.open(os.devnull, os.O_RDONLY)
    after = open_files(os.getpid())
    os.close(descriptor)

    assert me is not None
    assert before is not None
    assert after == before + 1
    assert disk_bytes(os.getpid()) is not None
