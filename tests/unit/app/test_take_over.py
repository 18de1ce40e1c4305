"""A service is taken over wholly or not at all."""

from __future__ import annotations

import pytest

from svcctl.app.take_over import take_over
from svcctl.errors import SystemFault, TimedOut
from svcctl.ports import Act


class Old:
    """A service that remembers what was done to it; *fails* is the verb it refuses."""

    def __init__(self, *, runs: bool = True, enabled: bool = True, fails: str = "") -> None:
        self.running, self.enabled, self.fails = runs, enabled, fails
        self.done: list[str] = []

    def _do(self, verb: str) -> None:
        if verb == self.fails:
            raise TimedOut(f"{verb} takes too long")
        self.done.append(verb)

    def runs(self) -> bool:
        return self.running

    def is_enabled(self) -> bool:
        return self.enabled

    def stop(self) -> None:
        self._do("stop")

    def start(self) -> None:
        self._do("start")

    def disable(self) -> None:
        self._do("disable")

    def enable(self) -> None:
        self._do("enable")

    def acts(self) -> tuple[Act, ...]:
        return ()


def refuse(_ran: bool) -> None:
    raise SystemFault("no room")


def test_the_old_one_makes_room_before_ours_comes() -> None:
    old = Old()

    take_over(old, lambda ran: old.done.append(f"put, started: {ran}"))

    assert old.done == ["stop", "disable", "put, started: True"]


def test_what_did_not_run_is_not_started_and_what_was_disabled_stays_so() -> None:
    old = Old(runs=False, enabled=False)

    take_over(old, lambda ran: old.done.append(f"put, started: {ran}"))

    assert old.done == ["put, started: False"]


def test_where_ours_fails_the_old_one_is_enabled_and_started_again() -> None:
    old = Old()

    with pytest.raises(SystemFault, match="no room"):
        take_over(old, refuse)

    assert old.done == ["stop", "disable", "enable", "start"]


def test_only_what_was_done_is_taken_back() -> None:
    old = Old(enabled=False)

    with pytest.raises(SystemFault):
        take_over(old, refuse)

    assert old.done == ["stop", "start"]


def test_one_that_does_not_stop_is_started_again_for_its_stop_is_under_way() -> None:
    old = Old(fails="stop")

    with pytest.raises(TimedOut, match="stop takes too long"):
        take_over(old, lambda _ran: pytest.fail("ours is installed"))

    assert old.done == ["start"]


def test_what_cannot_be_disabled_is_as_it_was() -> None:
    old = Old(fails="disable")

    with pytest.raises(TimedOut, match="disable"):
        take_over(old, lambda _ran: pytest.fail("ours is installed"))

    assert old.done == ["stop", "enable", "start"]
