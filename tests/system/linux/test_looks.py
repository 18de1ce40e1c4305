"""Whoever asks how much is used again and again costs one look, and a new program a new one."""

from __future__ import annotations

import asyncio
import os
import subprocess

import pytest

from svcctl.system.posix import looks as module
from svcctl.system.posix.looks import Looks
from svcctl.system.posix.process import Snapshot, Ties, take_snapshot


async def test_a_look_holds_for_ten_times_as_long_as_it_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = [0.0]

    def look(ties: Ties) -> Snapshot:
        hours[0] += 3600.0  # a look takes an hour
        return take_snapshot(ties)

    monkeypatch.setattr(module, "take_snapshot", look)
    looks = Looks(lambda: hours[0])
    for _ in range(5):
        with looks.recent([os.getpid()]) as found:
            assert os.getpid() in found.by_pid
    assert hours == [3600.0]

    looks.close()
    with looks.recent([os.getpid()]):
        assert hours == [7200.0]
    looks.close()


async def test_a_program_that_was_not_there_yet_is_looked_for() -> None:
    looks = Looks()
    with looks.recent([os.getpid()]):
        pass

    with subprocess.Popen(["sleep", "60"]) as late:
        with looks.recent([late.pid]) as found:
            assert late.pid in found.by_pid
        late.kill()
    looks.close()


async def test_a_look_is_forgotten_after_a_while() -> None:
    looks = Looks()
    with looks.recent([os.getpid()]):
        pass

    while looks._last is not None:
        await asyncio.sleep(0.01)
