"""Watching files: what came, went or changed is told, whichever way it is noticed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from svcctl.system.clock import SystemClock
from svcctl.system.watch import FileSystemWatch, folders_of

WAYS = [False, pytest.param(True, marks=pytest.mark.slow)]


@pytest.mark.parametrize("use_watchfiles", WAYS)
async def test_a_new_a_changed_and_a_lost_file_are_told(
    tmp_path: Path, use_watchfiles: bool
) -> None:
    told: set[str] = set()
    for name in ("changed", "lost", "same"):
        (tmp_path / f"{name}.toml").write_text("1")
    watch = FileSystemWatch(SystemClock(), every=0.01, use_watchfiles=use_watchfiles)
    cancel = watch.watch((str(tmp_path / "*.toml"),), told.update)

    async def disturb() -> None:  # a watch by the kernel begins some time after the call
        while len(told) < 3:
            (tmp_path / "changed.toml").write_text("longer")
            (tmp_path / "new.toml").write_text("1")
            (tmp_path / "lost.toml").unlink(missing_ok=True)
            (tmp_path / "noise.txt").write_text("1")
            (tmp_path / "noise.txt").unlink()
            await asyncio.sleep(0.05)

    await disturb()
    cancel()

    assert {os.path.basename(each) for each in told} == {
        "changed.toml",
        "lost.toml",
        "new.toml",
    }


async def test_nothing_is_told_once_cancelled(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    told: list[list[str]] = []
    second = loop.create_future()
    watch = FileSystemWatch(SystemClock(), every=0.005, use_watchfiles=False)
    pattern = (str(tmp_path / "**" / "*"),)
    cancel = watch.watch(pattern, told.append)
    cancel()
    stop = watch.watch(pattern, second.set_result)

    (tmp_path / "file").touch()
    await second
    stop()

    assert told == []


def test_the_folders_behind_globs_are_found() -> None:
    assert folders_of(("/etc/app/*.toml", "/etc/app/app.conf")) == {"/etc/app": False}
    assert folders_of(("/srv/**/conf.d/*.toml",)) == {"/srv": True}
    assert folders_of(("here.toml",)) == {".": False}
