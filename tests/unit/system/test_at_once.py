"""Several are asked at once, and answer in the order in which they were named."""

from __future__ import annotations

import threading

import pytest

from svcctl.system.at_once import at_once

PATIENCE = 60.0


def test_answers_come_in_the_order_of_those_who_were_asked() -> None:
    assert at_once(str, range(100)) == [str(each) for each in range(100)]
    assert at_once(str, []) == []


def test_one_who_waits_for_the_others_does_not_keep_them_waiting() -> None:
    together = threading.Barrier(10)

    at_once(lambda _: together.wait(PATIENCE), range(10))

    assert not together.broken


def test_the_first_error_is_raised_once_all_were_asked() -> None:
    asked = set[int]()

    def ask(number: int) -> None:
        asked.add(number)
        if number in {3, 7}:
            raise ValueError(f"number {number}")

    with pytest.raises(ValueError, match="number 3"):
        at_once(ask, range(40))

    assert asked == set(range(40))


def test_a_machine_without_threads_to_give_asks_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert at_once(str, range(3)) == ["0", "1", "2"]
