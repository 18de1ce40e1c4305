"""The example of a periodic worker: what it is at is finished, what is left is left whole."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

Example = Callable[[str], ModuleType]


def config(folder: Path) -> dict[str, object]:
    inbox, archive = folder / "inbox", folder / "archive"
    inbox.mkdir()
    return {"inbox": str(inbox), "archive": str(archive), "period": "10s"}


def test_what_comes_in_is_packed_at_the_next_round(example: Example, tmp_path: Path) -> None:
    archiver = example("archiver")
    settings = config(tmp_path)

    async def story() -> None:
        async with archiver.Archiver.test(config=settings) as t:
            await t.ready()
            (tmp_path / "inbox" / "a.txt").write_text("what was sent")
            await t.forward("9s")
            assert not list((tmp_path / "archive").iterdir())
            await t.forward("1s")

    asyncio.run(story())

    assert not list((tmp_path / "inbox").iterdir())
    assert gzip.decompress((tmp_path / "archive" / "a.txt.gz").read_bytes()) == b"what was sent"


def test_one_that_died_half_way_is_packed_again(example: Example, tmp_path: Path) -> None:
    pack = example("archiver").pack
    file, archive = tmp_path / "a", tmp_path / "archive"
    file.write_text("whole")
    archive.mkdir()
    (archive / "a.part").write_bytes(b"hal")

    pack(file, archive)

    assert [each.name for each in archive.iterdir()] == ["a.gz"]
    assert gzip.decompress((archive / "a.gz").read_bytes()) == b"whole"
