"""How much programs can still get."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from svcctl.system.posix.memory import left_in_group, memory_left
from svcctl.system.posix.process import most_open_files


def test_there_is_less_left_than_the_machine_has() -> None:
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024

    left = memory_left()

    assert left is not None
    assert 0 < left < total


@pytest.mark.parametrize(
    ("most", "left"),
    [(b"1000\n", 500), (b"max\n", None), (b"", None), (b"300\n", 1)],
)
def test_a_group_has_left_what_it_may_use_and_its_caches(most: bytes, left: int | None) -> None:
    stat = b"anon 500\nfile 200\ninactive_file 100\nactive_file 100\n"

    assert left_in_group(most, b"600\n", stat) == left


def test_a_process_may_open_what_its_soft_limit_says() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert most_open_files(os.getpid()) == soft
    assert most_open_files(2**22) is None
