"""Slow receivers: nobody waits for them, and what they cost is counted."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.logs.isolated import Isolated, NotNow, pause_after
from svcctl.sdk.logs.levels import INFO
from svcctl.testing.fakes import FakeClock

PATIENCE = 60.0  # seconds until a test is lost


def line(number: int) -> bytes:
    return b'{"n":%d}\n' % number


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def isolate(receiver: Any, clock: FakeClock, told: list[str]) -> Iterator[Callable[..., Isolated]]:
    made: list[Isolated] = []

    def make(**options: Any) -> Isolated:
        options = {"stop_within": PATIENCE, "flush_within": PATIENCE} | options
        made.append(Isolated(receiver, clock=clock.monotonic, tell=told.append, **options))
        return made[-1]

    yield make
    receiver.open.set()
    for each in made:
        each.close()


def test_records_arrive_in_order_and_in_batches(
    receiver: Any, isolate: Callable[..., Isolated]
) -> None:
    sink = isolate()

    for number in range(50):
        sink.write(line(number), INFO)
    sink.flush()

    assert receiver.taken == [line(number) for number in range(50)]
    assert sink.dropped == 0


def test_a_receiver_that_hangs_holds_up_nobody(
    receiver: Any, isolate: Callable[..., Isolated], told: list[str]
) -> None:
    receiver.open.clear()
    sink = isolate(capacity=5)

    for number in range(20):
        sink.write(line(number), INFO)
    before, told_before = sink.dropped, list(told)
    receiver.open.set()
    sink.flush()
    sink.close()

    assert (before, told_before) == (15, [])
    assert receiver.taken == [line(number) for number in range(5)]
    assert told == ["receiver: 15 log records were dropped: the queue is full"]


def test_the_queue_is_bounded_in_bytes_too(receiver: Any, isolate: Callable[..., Isolated]) -> None:
    receiver.open.clear()
    sink = isolate(capacity_bytes=100)

    for _ in range(5):
        sink.write(b"x" * 60, INFO)

    assert sink.dropped == 3


def test_a_delivery_that_failed_is_tried_again(
    receiver: Any, isolate: Callable[..., Isolated], told: list[str]
) -> None:
    receiver.fails += [
        ConnectionRefusedError(111, "Connection refused"),
        NotNow("busy", after=0.01),
    ]
    sink = isolate()

    sink.write(line(1), INFO)
    sink.flush()

    assert receiver.taken == [line(1)]
    assert (sink.dropped, told) == (0, [])


def test_a_record_that_cannot_be_delivered_does_not_stop_the_next(
    receiver: Any, isolate: Callable[..., Isolated], told: list[str]
) -> None:
    receiver.batch, receiver.fails = 1, [ValueError("odd")]
    sink = isolate()

    sink.write(line(1), INFO)
    sink.flush()
    sink.write(line(2), INFO)
    sink.flush()
    sink.close()

    assert receiver.taken == [line(2)]
    assert told == ["receiver: 1 log records were dropped: ValueError: odd"]


def test_what_the_receiver_refuses_is_counted(
    receiver: Any, isolate: Callable[..., Isolated], told: list[str]
) -> None:
    receiver.refuses = 1
    sink = isolate()

    sink.write(line(1), INFO)
    sink.close()

    assert told == ["receiver: 1 log records were dropped: the receiver refused them"]


def test_a_stop_delivers_what_waits_and_lets_go(
    receiver: Any, isolate: Callable[..., Isolated]
) -> None:
    receiver.fails += [OSError("down")]
    sink = isolate()

    for number in range(30):
        sink.write(line(number), INFO)
    sink.close()
    sink.close()

    assert receiver.taken == [line(number) for number in range(30)]
    assert receiver.closed == 1


def test_a_stop_waits_no_longer_than_it_may(
    receiver: Any, isolate: Callable[..., Isolated], told: list[str]
) -> None:
    receiver.open.clear()
    sink = isolate(stop_within=0.01)

    for number in range(3):
        sink.write(line(number), INFO)
    assert receiver.tried.wait(PATIENCE)
    sink.close()

    assert sink.dropped == 3
    assert told == ["receiver: 3 log records were dropped: there was no time"]


def test_what_comes_after_the_end_is_counted(
    receiver: Any, isolate: Callable[..., Isolated]
) -> None:
    sink = isolate()

    sink.close()
    sink.write(line(1), INFO)

    assert (sink.dropped, receiver.taken) == (1, [])


def test_a_flush_waits_no_longer_than_it_may(
    receiver: Any, isolate: Callable[..., Isolated]
) -> None:
    receiver.open.clear()
    sink = isolate(flush_within=0.01)

    sink.write(line(1), INFO)
    sink.flush()

    assert receiver.taken == []


def test_losses_are_told_though_nothing_more_is_written(receiver: Any) -> None:
    told, said = list[str](), threading.Event()
    looks_at_the_clock = itertools.count(0.0, 29.99)

    def tell(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 2:
            said.set()

    receiver.batch, receiver.refuses = 1, 1
    sink = Isolated(receiver, clock=lambda: next(looks_at_the_clock), tell=tell)
    sink.write(line(1), INFO)
    sink.write(line(2), INFO)

    assert said.wait(PATIENCE)
    sink.close()
    assert len(told) == 2


def test_without_a_thread_records_are_dropped_and_nobody_fails(
    isolate: Callable[..., Isolated], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    sink = isolate()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        sink.write(line(1), INFO)
    sink.close()

    assert told == ["receiver: 1 log records were dropped: can't start new thread"]


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_pauses_grow_up_to_half_a_minute(failures: int, chance: float) -> None:
    pause = pause_after(failures, chance)

    assert 0.05 <= pause <= 30.0
    assert pause <= pause_after(failures + 1, 1.0)
