"""What was begun and done is known again, by one process at a time, for as long as it matters."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.errors import Conflict, LimitReached, StateFault
from svcctl.server.mq.ledger import Ledger
from svcctl.testing.fakes import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "new" / "ledger.db")


async def _begin(ledger: Ledger, id: str, *, until: float) -> None:  # noqa: A002
    await ledger.begin(id, digest=f"digest of {id}", label="label", until=until)


async def test_what_was_written_is_there_after_a_restart(path: str) -> None:
    clock = FakeClock()
    async with Ledger(path, now=clock.now) as ledger:
        await _begin(ledger, "a", until=clock.now() + 9)
        await _begin(ledger, "b", until=clock.now() + 9)
        await ledger.finish("a", b"reply")
        await ledger.note_event("web1", 7)

    async with Ledger(path, now=clock.now) as ledger:
        first, second = await ledger.find("a"), await ledger.find("b")
        assert first is not None
        assert second is not None
        assert (first.reply, second.reply) == (b"reply", None)
        assert [each.id for each in await ledger.untold()] == ["a"]
        assert await ledger.last_event("web1") == 7
        assert await ledger.last_event("web2") is None
        assert await ledger.find("c") is None


async def test_the_first_reply_stands(path: str) -> None:
    async with Ledger(path, now=FakeClock().now) as ledger:
        await _begin(ledger, "a", until=1)
        await ledger.finish("a", b"first")
        await ledger.finish("a", b"second")
        await ledger.forget("a")
        await ledger.tell("a")

        row = await ledger.find("a")
        assert row is not None
        assert row.reply == b"first"
        assert await ledger.untold() == []


async def test_what_was_not_asked_for_is_forgotten(path: str) -> None:
    async with Ledger(path, now=FakeClock().now) as ledger:
        await _begin(ledger, "a", until=1)
        await ledger.forget("a")

        assert await ledger.find("a") is None


async def test_an_id_is_of_one_command(path: str) -> None:
    async with Ledger(path, now=FakeClock().now) as ledger:
        await _begin(ledger, "a", until=1)
        await _begin(ledger, "a", until=1)

        with pytest.raises(Conflict, match="used for another command"):
            await ledger.begin("a", digest="another", label="label", until=1)


async def test_what_nobody_can_ask_about_any_more_is_forgotten(path: str) -> None:
    clock = FakeClock()
    async with Ledger(path, now=clock.now) as ledger:
        for each in ("told", "untold", "unknown"):
            await _begin(ledger, each, until=clock.now())
        for each in ("told", "untold"):
            await ledger.finish(each, b"reply")
        await ledger.tell("told")
    clock.forward(86_401)

    async with Ledger(path, now=clock.now) as ledger:
        await _begin(ledger, "new", until=clock.now())

        left = [each for each in ("told", "untold", "unknown") if await ledger.find(each)]
        assert left == ["untold"]


async def test_no_more_are_begun_than_can_be_remembered(path: str) -> None:
    async with Ledger(path, now=FakeClock().now, most=2) as ledger:
        await _begin(ledger, "a", until=2**40)
        await _begin(ledger, "b", until=2**40)
    async with Ledger(path, now=FakeClock().now, most=2) as ledger:
        with pytest.raises(LimitReached):
            await _begin(ledger, "c", until=2**40)

        assert await ledger.find("c") is None


@pytest.mark.slow
async def test_one_process_at_a_time_has_it(path: str) -> None:
    async with Ledger(path, now=FakeClock().now):
        with pytest.raises(Conflict, match="in use by another process"):
            async with Ledger(path, now=FakeClock().now):
                pass


async def test_a_file_of_somebody_else_is_left_alone(path: str) -> None:
    Path(path).parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (a)")

    with pytest.raises(StateFault, match="another program's"):
        async with Ledger(path, now=FakeClock().now):
            pass


async def test_a_place_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFault, match="cannot be opened"):
        async with Ledger(str(tmp_path / "file" / "ledger.db"), now=FakeClock().now):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: modes of files")
async def test_nobody_else_may_read_it(path: str) -> None:
    async with Ledger(path, now=FakeClock().now):
        assert os.stat(path).st_mode & 0o077 == 0
