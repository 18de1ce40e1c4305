"""What instances used is kept: more coarsely the longer ago, and never in too large a file."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.errors import StateFault
from svcctl.observe.history.store import History, Point

NOON = 1_750_000_000 // 3600 * 3600
Open = Callable[..., History]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[History] = []

    def make(path: Path = tmp_path / "h.db", **more: int) -> History:
        made.append(History(str(path), interval=10.0, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def point(at: int, *, cpu: float | None = 1.0, memory: int = 1, instance: str = "web") -> Point:
    return Point(at=at, instance=instance, cpu=cpu, memory_bytes=memory, threads=2, open_files=None)


def read(history: History, *, last: float, now: int) -> list[Point]:
    return list(history.read(since=now - last, until=now))


def test_what_was_written_is_given_back_oldest_first(opened: Open) -> None:
    history = opened()
    points = [point(NOON), point(NOON, instance="db", cpu=None), point(NOON + 10)]

    history.write(points[:2])
    history.write(points[2:])

    found = read(history, last=60, now=NOON + 10)
    assert sorted(found, key=lambda each: (each.at, each.instance != "web")) == points


def test_a_history_outlives_who_wrote_it(opened: Open) -> None:
    opened().write([point(NOON)])

    assert read(opened(), last=60, now=NOON) == [point(NOON)]


def test_after_two_hours_there_are_minutes_and_after_two_days_hours(opened: Open) -> None:
    history = opened()
    end = NOON + 4 * 3600
    for at in range(NOON, end, 10):
        history.write([point(at)])

    near = [each.at for each in read(history, last=3600, now=end)]
    far = [each.at for each in read(history, last=3 * 3600, now=end)]
    farther = [each.at for each in read(history, last=3 * 86400, now=end)]

    assert {b - a for a, b in itertools.pairwise(near)} == {10}
    assert {b - a for a, b in itertools.pairwise(far)} == {60, 10}
    assert farther[:4] == [NOON, NOON + 3600, NOON + 7200, NOON + 10800]
    assert far[-1] == farther[-1] == end - 10


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.none() | st.floats(0, 100), st.integers(0, 2**40)), min_size=6, max_size=6
    )
)
def test_a_minute_has_the_mean_of_processor_time_and_the_most_memory(
    values: list[tuple[float | None, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    history = History(str(tmp_path_factory.mktemp("h") / "h.db"), interval=10.0)
    for at, (cpu, memory) in enumerate(values):
        history.write([point(NOON + 10 * at, cpu=cpu, memory=memory)])
    history.write([point(NOON + 60)])

    minute = next(history.read(since=NOON - 3 * 3600, until=NOON + 60))

    known = [cpu for cpu, _ in values if cpu is not None]
    assert minute.cpu == (pytest.approx(fmean(known)) if known else None)
    assert minute.memory_bytes == max(memory for _, memory in values)
    history.close()


def test_what_nobody_folded_in_time_is_folded_later(opened: Open) -> None:
    history = opened()
    history.write([point(NOON, memory=7)])

    history.write([point(NOON + 5000)])

    first = read(history, last=3 * 3600, now=NOON + 5000)[0]
    assert (first.at, first.memory_bytes) == (NOON, 7)


def test_points_too_old_are_forgotten_and_their_names_with_them(
    opened: Open, tmp_path: Path
) -> None:
    history = opened()
    history.write([point(NOON, instance="gone")])

    later = NOON + 400 * 86400
    for at in (later - 86400, later - 7200, later):
        history.write([point(at)])

    assert read(history, last=500 * 86400, now=later)[-1] == point(later)
    with sqlite3.connect(tmp_path / "h.db") as db:
        assert db.execute("SELECT name FROM instance").fetchall() == [("web",)]
    db.close()


@pytest.mark.parametrize("jump", [-20 * 365, -1, 1, 10 * 365])
def test_a_clock_that_is_set_wrong_for_a_while_costs_no_point(opened: Open, jump: int) -> None:
    history, back = opened(), NOON + 3 * 86400
    for at in range(NOON, back, 600):
        history.write([point(at)])
    wrong = back + jump * 86400 - 600
    history.write([point(wrong)])

    for at in range(back, NOON + 6 * 86400, 600):
        history.write([point(at)])

    found = read(history, last=30 * 86400, now=NOON + 6 * 86400)
    hours = {each.at for each in found} - {wrong}
    assert hours >= set(range(NOON, NOON + 6 * 86400, 3600)) - {wrong // 3600 * 3600}


def test_a_file_that_would_grow_too_large_loses_its_finest_points_first(
    opened: Open, tmp_path: Path
) -> None:
    history = opened(most_bytes=400_000)
    names = [f"web.{number}" for number in range(50)]

    for at in range(NOON, NOON + 7200, 10):
        history.write([point(at, instance=name) for name in names])

    assert (tmp_path / "h.db").stat().st_size < 800_000
    far = read(history, last=86400, now=NOON + 7200)
    assert far[0].at == NOON
    assert far[-1].at == NOON + 7190


def test_a_file_that_is_no_history_is_begun_anew(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "h.db").write_bytes(b"what is this" * 100)
    history = opened()

    history.write([point(NOON)])

    assert read(history, last=1, now=NOON) == [point(NOON)]


def test_a_file_that_cannot_be_opened_is_no_secret(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StateFault, match="cannot be opened"):
        opened(tmp_path / "file" / "h.db")


def test_what_cannot_be_written_leaves_all_as_it_was(opened: Open) -> None:
    history = opened()
    history.write([point(NOON)])

    with pytest.raises(sqlite3.Error):
        history.write([point(NOON + 10), point(NOON + 20, memory=cast("int", None))])
    history.write([point(NOON + 30)])

    assert [each.at for each in read(history, last=60, now=NOON + 30)] == [NOON, NOON + 30]
