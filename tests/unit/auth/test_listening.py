"""Who listens is told of each change, in order, until they have enough."""

from __future__ import annotations

from svcctl.auth.listening import Listeners


def test_everybody_is_told_in_order_until_they_cancel() -> None:
    listeners, told = Listeners(), list[str]()
    cancel = listeners.add(lambda: told.append("first"))
    listeners.add(lambda: told.append("second"))

    listeners.tell()
    cancel()
    cancel()
    listeners.tell()

    assert told == ["first", "second", "second"]


def test_who_comes_while_others_are_told_counts_from_the_next_time_on() -> None:
    listeners, told = Listeners(), list[str]()

    def invite() -> None:
        listeners.add(lambda: told.append("late"))

    listeners.add(invite)

    listeners.tell()
    assert told == []

    listeners.tell()
    assert told == ["late"]
