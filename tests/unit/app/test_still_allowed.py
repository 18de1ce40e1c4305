"""A stream goes on as far as its reader may have it at that moment, whatever was so before."""

from __future__ import annotations

import pytest

from svcctl.app.still_allowed import StillAllowed
from svcctl.errors import Denied

SAID = {"service": "web", "text": "one"}


class Reader:
    """Takes items; may have those of *allowed*, by the rules of *version*."""

    def __init__(self) -> None:
        self.taken: list[object] = []
        self.allowed = {"web"}
        self.asked: list[str] = []
        self.version, self.now = 0, 0.0
        self.trouble: Denied | None = None
        self.insisted = 0
        self.stream = StillAllowed(
            self,
            may=self.may,
            insist=self.insist,
            version=lambda: self.version,
            now=lambda: self.now,
        )

    def __call__(self, item: object) -> None:
        self.taken.append(item)

    async def room(self) -> None:
        self.taken.append("room")

    def may(self, service: str) -> bool:
        self.asked.append(service)
        return service in self.allowed

    def insist(self) -> None:
        self.insisted += 1
        if self.trouble:
            raise self.trouble


def test_what_is_of_a_service_that_may_not_be_read_is_left_out() -> None:
    reader = Reader()

    for item in (SAID, {"service": "vault"}, {"service": ""}, {"at": 1.0}, None):
        reader.stream(item)

    assert reader.taken == [SAID, {"service": ""}, {"at": 1.0}, None]


def test_it_is_asked_once_a_second_for_each_service() -> None:
    reader = Reader()

    for now in (0.0, 0.5, 1.0, 1.5):
        reader.now = now
        reader.stream(SAID)

    assert reader.asked == ["web", "web"]


def test_a_service_that_has_other_labels_is_left_out_from_then_on() -> None:
    reader = Reader()
    reader.stream(SAID)

    reader.allowed, reader.now = set(), 1.0
    reader.stream(SAID)

    assert reader.taken == [SAID]


def test_other_rules_hold_with_the_very_next_item() -> None:
    reader = Reader()
    reader.stream(SAID)

    reader.allowed, reader.version = set(), 1
    reader.stream(SAID)

    assert reader.taken == [SAID]
    assert reader.insisted == 1


async def test_who_may_have_nothing_any_more_is_told_so() -> None:
    reader = Reader()
    reader.trouble, reader.version = Denied("no more"), 1

    with pytest.raises(Denied):
        reader.stream({"at": 1.0})
    reader.version = 2
    with pytest.raises(Denied):
        await reader.stream.room()

    assert reader.taken == []


async def test_who_asks_for_room_waits_for_the_reader() -> None:
    reader = Reader()

    await reader.stream.room()

    assert (reader.taken, reader.insisted) == (["room"], 0)
