"""What is learnt stands in files that are whole, and a disk that refuses is said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from svcctl.bootstrap.understanding import FolderShelf


async def test_what_is_put_is_there_and_can_be_taken_away(tmp_path: Path) -> None:
    shelf = FolderShelf(str(tmp_path / "learnt"))
    assert shelf.get("web") is None

    shelf.put("web", b"one", last=True)
    assert shelf.get("web") == b"one"
    shelf.delete("web")
    shelf.delete("web")

    assert shelf.get("web") is None


async def test_the_loop_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    shelf = FolderShelf(str(tmp_path))

    shelf.put("web", b"one")

    async with asyncio.timeout(30):
        while shelf.get("web") is None:
            await asyncio.sleep(0.001)
    assert shelf.get("web") == b"one"


async def test_what_is_set_aside_is_not_read_again_and_not_lost(tmp_path: Path) -> None:
    shelf = FolderShelf(str(tmp_path))
    shelf.put("web", b"broken", last=True)

    shelf.set_aside("web")

    assert shelf.get("web") is None
    assert (tmp_path / "web.json.unreadable").read_bytes() == b"broken"


async def test_a_disk_that_refuses_is_said_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    shelf = FolderShelf(str(tmp_path / "file" / "learnt"))

    shelf.put("web", b"one", last=True)
    shelf.set_aside("web")

    assert shelf.get("web") is None
    assert {each.message for each in caplog.records} >= {
        "learnt.not_kept",
        "learnt.not_set_aside",
    }
