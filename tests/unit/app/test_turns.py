"""Many who read take turns, and leave as much time to others; a few are not held up."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.app.turns import Turns
from svcctl.testing.fakes import FakeClock


class Hall:
    """Where turns are taken; each takes a second by the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.turns = Turns(self.clock)
        self.inside = 0
        self.pauses: list[float] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr("svcctl.app.turns.asyncio.sleep", self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self._sleep(0)

    async def take(self) -> None:
        async with self.turns.turn():
            self.inside += 1
            assert self.inside == 1
            await self._sleep(0)
            self.clock.forward(1.0)
            self.inside -= 1


async def test_a_few_take_one_turn_after_the_other_without_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = Hall(monkeypatch)

    await asyncio.gather(*(hall.take() for _ in range(4)))

    assert hall.pauses == []


async def test_where_many_want_turns_each_is_followed_by_a_pause_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = Hall(monkeypatch)

    await asyncio.gather(*(hall.take() for _ in range(7)))

    assert hall.pauses == [1.0] * 3  # then only four are left


async def test_who_gives_up_or_fails_in_a_turn_leaves_it_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hall = Hall(monkeypatch)

    with pytest.raises(OSError, match="disk"):
        async with hall.turns.turn():
            raise OSError("disk")
    waiting = [asyncio.create_task(hall.take()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert [each.cancelled() for each in waiting] == [False, True, False]
    assert hall.inside == 0
