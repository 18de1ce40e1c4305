"""The example of a service that watches a log: each line counts once, whatever becomes of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Example = Callable[[str], ModuleType]


class Reading:
    """Somebody who reads a log with the example, and remembers the place."""

    def __init__(self, logwatch: ModuleType, log: Path) -> None:
        self.log = log
        self._look, self._place = logwatch.look, logwatch.Place()

    def write(self, text: str) -> None:
        with self.log.open("a", newline="") as file:
            file.write(text)

    def news(self) -> list[str]:
        found: list[str] = []
        while True:
            lines, self._place = self._look(self.log, self._place)
            if not lines:
                return found
            found += lines


@pytest.fixture
def reading(example: Example, tmp_path: Path) -> Reading:
    return Reading(example("logwatch"), tmp_path / "app.log")


def test_a_line_is_read_once_it_is_whole(reading: Reading) -> None:
    reading.write("one\ntw")
    first = reading.news()
    reading.write("o\n")

    assert (first, reading.news(), reading.news()) == (["one"], ["two"], [])


def test_a_log_that_is_not_there_yet_is_waited_for(reading: Reading) -> None:
    assert reading.news() == []

    reading.write("one\n")

    assert reading.news() == ["one"]


@pytest.mark.parametrize("looks_between", [True, False])
def test_what_was_written_before_a_rotation_is_read_first(
    reading: Reading, looks_between: bool
) -> None:
    reading.write("one\n")
    reading.news()
    reading.write("two\n")
    reading.log.rename(reading.log.with_suffix(".log.1"))
    between = reading.news() if looks_between else []
    reading.write("one\nthree\n")

    assert between + reading.news() == ["two", "one", "three"]


def test_two_rotations_between_two_looks_lose_nothing(reading: Reading) -> None:
    older, oldest = (reading.log.with_suffix(f".log.{each}") for each in (1, 2))
    reading.write("one\n")
    reading.news()
    reading.write("two\n")
    reading.log.rename(oldest)
    reading.write("three\n")
    reading.log.rename(older)
    reading.write("four\n")
    for second, file in enumerate((oldest, older, reading.log)):
        touch(file, second)

    assert reading.news() == ["two", "three", "four"]


def touch(file: Path, second: int) -> None:
    """Write down when a file was written: here all are within one tick of the clock."""
    os.utime(file, (second, second))


def test_a_log_that_is_truncated_is_read_from_its_beginning(reading: Reading) -> None:
    reading.write("one\ntwo\n")
    reading.news()
    reading.log.write_text("")
    reading.write("new\n")

    assert reading.news() == ["new"]


def test_a_log_that_is_copied_and_truncated_loses_nothing(reading: Reading) -> None:
    reading.write("one\n")
    reading.news()
    reading.write("two\n")
    reading.log.with_suffix(".log.1").write_bytes(reading.log.read_bytes())
    reading.log.write_text("")
    reading.write("new\n")

    assert reading.news() == ["two", "new"]


def test_a_line_without_an_end_is_read_in_parts(reading: Reading) -> None:
    reading.write("x" * 1_500_000 + "\n")

    assert [len(each) for each in reading.news()] == [1_048_576, 451_424]


def test_alerts_come_once_per_cooldown(example: Example) -> None:
    tally = example("logwatch").Tally

    assert tally(untold=1).is_due(now=1000.0, cooldown=300.0)
    assert not tally(untold=0, told_at=10.0).is_due(now=1000.0, cooldown=300.0)
    assert not tally(untold=1, told_at=900.0).is_due(now=1000.0, cooldown=300.0)
    assert tally(untold=1, told_at=700.0).is_due(now=1000.0, cooldown=300.0)


def test_who_is_told_hears_how_many_and_nothing_twice(
    example: Example, reading: Reading, partner: Any
) -> None:
    logwatch = example("logwatch")
    reading.write("ERROR 1\nfine\nERROR 2\n")
    settings = {"log": str(reading.log), "webhook": partner.url, "cooldown": "5m"}

    async def story() -> None:
        async with logwatch.Logwatch.test(config=settings) as t:
            await t.until(lambda: partner.asked)
            reading.write("ERROR 3\n")
            await t.until(lambda: t.service.tally.matches == 3, within="1m")
            reading.write("ERROR 4\n")
            await t.until(lambda: t.service.tally.matches == 4, within="1m")
            assert len(partner.asked) == 1
            await t.until(lambda: len(partner.asked) == 2, within="5m")

    asyncio.run(story())

    (_, first), (_, second) = partner.asked
    assert [each["text"].partition(" of ")[0] for each in (first, second)] == ["2 lines"] * 2
    assert (first["matches"], second["matches"]) == (2, 4)


def test_an_alert_that_nobody_took_is_sent_again(
    example: Example, reading: Reading, partner: Any
) -> None:
    logwatch = example("logwatch")
    reading.write("ERROR\n")
    answers = [503, 200]
    partner.answer = lambda _path, _body: answers.pop(0)
    settings = {"log": str(reading.log), "webhook": partner.url}

    async def story() -> None:
        async with logwatch.Logwatch.test(config=settings) as t:
            await t.until(lambda: len(partner.asked) == 1)
            await t.until(lambda: any(each["event"] == "alert.not-sent" for each in t.log))
            await t.forward("1s")
            await t.until(lambda: t.service.tally.untold == 0)

    asyncio.run(story())

    assert len(partner.asked) == 2
