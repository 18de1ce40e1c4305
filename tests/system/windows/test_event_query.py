"""The Event Log is read as Windows would be asked; Wine has none, so that its calls are played."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pytest

from svcctl.bootstrap.event_log import EventLog, event_xpath, past_events
from svcctl.bootstrap.tailing import SavedIn
from svcctl.errors import Denied, SystemFault
from svcctl.spec.watch import WatchSpec
from svcctl.system.windows import event_query
from svcctl.system.windows.event_query import EventFollow, publisher_of
from tests.system.windows.scm_lab import IS_WINE

NO_MORE, DENIED, TOO_SMALL = 259, 5, 122


def event(number: int, provider: str = "App") -> str:
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{provider}'/><Level>2</Level><EventRecordID>{number}</EventRecordID>"
        f"<TimeCreated SystemTime='2026-11-21T20:00:0{number}Z'/></System>"
        f"<EventData><Data>value {number}</Data></EventData></Event>"
    )


class Played:
    """wevtapi: events are numbers, handles too; what it was asked for is kept."""

    def __init__(self, *xml: str) -> None:
        self.xml = list(xml)
        self.given = 0
        self.reverse = False
        self.asked: list[tuple[Any, ...]] = []
        self.bookmark = "<none/>"
        self.open: set[int] = set()
        self.refuses = 0

    def _handle(self, number: int) -> int:
        self.open.add(number)
        return number

    def EvtCreateBookmark(self, xml: str | None) -> int:  # noqa: N802 - as Windows calls it
        self.bookmark = xml or "<none/>"
        return self._handle(9001)

    def EvtSubscribe(self, *words: Any) -> int:  # noqa: N802
        self.asked.append(words)
        ctypes.set_last_error(self.refuses)
        return 0 if self.refuses else self._handle(9002)

    def EvtQuery(self, *words: Any) -> int:  # noqa: N802
        self.asked.append(words)
        ctypes.set_last_error(self.refuses)
        self.reverse = bool(words[3] & 0x200)
        return 0 if self.refuses else self._handle(9003)

    def EvtNext(self, _result: int, most: int, handles: Any, *words: Any) -> int:  # noqa: N802
        left = self.xml[self.given :]
        ctypes.set_last_error(NO_MORE)
        numbers = [self.given + at + 1 for at in range(min(most, len(left), 2))]
        self.given += len(numbers)
        for at, number in enumerate(numbers):
            handles[at] = self._handle(len(self.xml) + 1 - number if self.reverse else number)
        words[-1]._obj.value = len(numbers)
        return bool(numbers)

    def EvtRender(self, _context: None, handle: int, what: int, *words: Any) -> int:  # noqa: N802
        text = self.bookmark if what == 2 else self.xml[handle - 1]
        size, buffer, used, _ = words
        used._obj.value = 2 * len(text) + 2
        ctypes.set_last_error(TOO_SMALL)
        if size < used._obj.value:
            return False
        buffer.value = text
        return True

    def EvtUpdateBookmark(self, _bookmark: int, handle: int) -> int:  # noqa: N802
        self.bookmark = f"<at {handle}/>"
        return True

    def EvtOpenPublisherMetadata(self, _session: None, name: str, *_: Any) -> int:  # noqa: N802
        return 0 if name == "Unknown" else self._handle(9004)

    def EvtFormatMessage(self, _metadata: int, handle: int, *words: Any) -> int:  # noqa: N802
        text, (size, buffer, used) = f"text {handle}\r\n", words[-3:]
        used._obj.value = len(text) + 1
        if not size:
            return False
        buffer.value = text
        return True

    def EvtClose(self, handle: int) -> int:  # noqa: N802
        self.open.remove(handle)
        return True


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    found = Played(event(1), event(2, "Unknown"), event(3))
    monkeypatch.setattr(event_query, "wevtapi", lambda: found)
    yield found
    assert found.open == set()


WATCH = WatchSpec(name="a", eventlog="System", query="*[System[Level<=3]]")


def test_what_comes_is_given_as_records(played: Played, tmp_path: Any) -> None:
    log = EventLog(WATCH, SavedIn(str(tmp_path / "place")))
    try:
        (first,) = log.take()
        (second,) = log.take()
        log.wait(0.0)

        assert [each.message for each in first.records] == ["text 1", "value 2"]
        assert [each.message for each in second.records] == ["text 3"]
        assert (log.take(), log.behind(), log.problem()) == ([], 0, "")
        assert not (tmp_path / "place").exists()
        log.acknowledge()
        assert (tmp_path / "place").read_text() == "<at 3/>"
        assert played.asked[0][2:] == ("System", "*[System[Level<=3]]", None, None, None, 1)
    finally:
        log.close()


def test_it_goes_on_after_the_bookmark(played: Played, tmp_path: Any) -> None:
    (tmp_path / "place").write_text("<at 7/>")

    EventLog(WATCH, SavedIn(str(tmp_path / "place"))).close()

    assert played.asked[0][4:] == (9001, None, None, 3)


def test_all_of_it_may_be_wanted(played: Played) -> None:
    EventFollow("System", "*", bookmark="", from_start=True, save=print).close()

    assert played.asked[0][-1] == 2


def test_a_channel_that_is_refused_is_told(played: Played) -> None:
    played.refuses = DENIED

    with pytest.raises(Denied, match="channel 'System' cannot be followed"):
        EventFollow("System", "*", bookmark="", from_start=False, save=print)
    with pytest.raises(Denied, match="channel 'System' cannot be read"):
        list(event_query.past_events("System", "*"))


@pytest.mark.usefixtures("played")
def test_what_is_there_is_given_oldest_first() -> None:
    found = [each.records[0].message for each in past_events(WATCH, since=0.0, most=None)]

    assert found == ["text 1", "value 2", "text 3"]


@pytest.mark.usefixtures("played")
def test_the_last_of_what_is_there_are_given_oldest_first() -> None:
    found = [each.records[0].message for each in past_events(WATCH, since=0.0, most=2)]

    assert found == ["value 2", "text 3"]


@pytest.mark.usefixtures("played")
def test_what_is_older_is_left_out() -> None:
    since = 1795291202.5

    found = [each.records[0].message for each in past_events(WATCH, since=since, most=None)]

    assert found == ["text 3"]


def test_a_provider_is_chosen_beside_a_query() -> None:
    ours = WatchSpec(name="a", eventlog="System", provider="O'App")

    assert event_xpath(ours) == """*[System[Provider[@Name="O'App"]]]"""
    both = WatchSpec(name="a", eventlog="System", provider="App", query="*[System[Level<=3]]")
    assert event_xpath(both) == (
        '<QueryList><Query><Select Path="System">*[System[Level&lt;=3]]</Select>'
        '<Suppress Path="System">*[System[Provider[@Name!="App"]]]</Suppress></Query></QueryList>'
    )


def test_a_publisher_is_found_in_what_it_wrote() -> None:
    assert publisher_of(event(1, "My App")) == "My App"
    assert publisher_of("<Event/>") == ""


@pytest.mark.skipif(not IS_WINE, reason="needs Linux: only Wine has no Event Log")
def test_wine_says_that_it_has_no_event_log() -> None:
    event_query.wevtapi.cache_clear()

    with pytest.raises(SystemFault, match="Wine has no Event Log"):
        event_query.wevtapi()
