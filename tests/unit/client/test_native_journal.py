"""Lines that services write to the journal, as they are asked for: by what they say, and onward."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from svcctl.app.arguments import Arguments, check
from svcctl.app.searching import sum_of
from svcctl.app.verbs import find
from svcctl.client.journal import Entry
from svcctl.client.native_journal import JournalLog
from svcctl.errors import UsageError

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "mailer.py", line 3, in send',
    "ValueError: no such address",
]


class Journal:
    """What ``mailer`` wrote, an entry each second."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.read: list[int | None] = []
        self.whole: list[bool] = []

    def write(self, *texts: str, **fields: str) -> None:
        for text in texts:
            number = len(self.entries) + 1
            known = {
                "__CURSOR": f"i={number:x}",
                "__REALTIME_TIMESTAMP": str(number * 10**6),
                "MESSAGE": text,
                "PRIORITY": "6",
                **fields,
            }
            raw = json.dumps(known).encode()
            self.entries.append(Entry(float(number), text.encode(), f"i={number:x}", raw))

    def past(
        self,
        service: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        after: str = "",
        most: int | None = None,
        whole: bool = False,
    ) -> Iterator[Entry]:
        assert service == "mailer"
        self.read.append(most)
        self.whole.append(whole)
        found = [
            each
            for each in self._behind(after)
            if each.at >= since and (until is None or each.at <= until)
        ]
        yield from found if most is None else found[max(0, len(found) - most) :]

    def end(self) -> str:
        return self.entries[-1].place if self.entries else ""

    def follow(self, service: str, *, after: str) -> Coming:
        assert service == "mailer"
        return Coming(self, after)

    def _behind(self, place: str) -> list[Entry]:
        number = int(place.removeprefix("i="), 16) if place else 0
        return self.entries[number:]


class Coming:
    """Gives what was written since, each time it is asked."""

    def __init__(self, journal: Journal, after: str) -> None:
        self._journal, self._after = journal, after

    def fileno(self) -> int:
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """There is nothing to close."""

    def take(self) -> list[Entry]:
        found = self._journal._behind(self._after)
        self._after = self._journal.end()
        return found


@pytest.fixture
def journal() -> Journal:
    return Journal()


def args(**given: object) -> Arguments:
    verb = find("logs")
    assert verb is not None
    return check(verb, given)


def log(journal: Journal, **given: object) -> JournalLog:
    return JournalLog("mailer", args(**given), journal=journal, now=10.0**6)


def texts(items: Any) -> list[str]:
    return [each["text"] for each in items]


def test_lines_are_those_of_the_service_and_no_more_are_read_than_asked_for(
    journal: Journal,
) -> None:
    journal.write("one", "two", "three")

    found = list(log(journal, lines=2).past())

    assert found[0] == {
        "at": 2.0,
        "service": "mailer",
        "instance": "mailer",
        "stream": "stdout",
        "text": "two",
    }
    assert (texts(found), journal.read, journal.whole) == (["two", "three"], [2], [False])


def test_lines_are_found_by_pattern_and_time(journal: Journal) -> None:
    journal.write("lost a", "sent", "lost b", "lost c")

    assert texts(log(journal, grep="lost", lines=2).past()) == ["lost b", "lost c"]
    since = log(journal, grep="lost", since="1970-01-01T00:00:03Z", until="1970-01-01T00:00:03Z")
    assert texts(since.past()) == ["lost b"]


def test_the_last_that_fit_are_found_however_far_from_the_end(journal: Journal) -> None:
    journal.write("rare", *["often"] * 2_500)

    assert texts(log(journal, grep="rare", lines=3).past()) == ["rare"]
    assert journal.read == [2_000, 50_000]


def test_a_record_is_as_bad_as_it_says_or_else_as_the_journal_says(journal: Journal) -> None:
    journal.write('{"level": "error", "msg": "said"}', "INFO fine")
    journal.write("known", PRIORITY="3")
    journal.write("plain")

    found = list(log(journal, level="error").past())

    assert [each["message"] for each in found] == ["said", "known"]
    assert [each["level"] for each in found] == ["error", "error"]


def test_records_have_the_fields_and_the_trace_that_the_journal_knows(journal: Journal) -> None:
    journal.write("sent", TRACE_ID="0af7651916cd43dd8448eb211c80319c", TRIES="3")
    journal.write("sent", TRIES="4")

    (found,) = log(journal, where="TRIES=3").past()

    assert found["trace"] == "0af7651916cd43dd8448eb211c80319c"
    assert texts(log(journal, trace="0af7651916cd43dd8448eb211c80319c").past()) == ["sent"]


def test_a_traceback_is_one_record_and_an_error(journal: Journal) -> None:
    journal.write("INFO a", *TRACEBACK, "INFO b")

    (found,) = log(journal, level="error", places=True).past()

    assert found["text"] == "\n".join(TRACEBACK)
    assert (found["at"], found["place"]) == (2.0, "i=4")


def test_a_sum_counts_what_the_journal_has(journal: Journal) -> None:
    journal.write("INFO a", *TRACEBACK, "INFO b")

    total = sum_of("mailer", [log(journal, stats=True).found()])

    assert (total["levels"], total["records"]) == ({"info": 2, "error": 1}, 3)


def test_who_follows_gets_what_was_written_after_the_past_was_read(journal: Journal) -> None:
    journal.write("lost a", "sent")
    following = log(journal, grep="lost", follow=True)
    past = list(following.past())
    journal.write("lost b", "sent", "lost c")

    tail = following.follow()

    assert (texts(past), texts(tail.take())) == (["lost a"], ["lost b", "lost c"])
    assert tail.take() == []


def test_who_wants_no_past_follows_from_when_it_was_asked_for(journal: Journal) -> None:
    journal.write("old")
    following = log(journal, lines=0, follow=True)
    journal.write("new")

    assert texts(following.past()) == []
    assert texts(following.follow().take()) == ["new"]


def test_a_traceback_that_comes_in_parts_is_an_error_to_its_end(journal: Journal) -> None:
    journal.write("INFO a", TRACEBACK[0])
    following = log(journal, level="error", follow=True)
    past = texts(following.past())
    tail = following.follow()
    journal.write(*TRACEBACK[1:])
    middle = texts(tail.take())
    journal.write("INFO b", "ERROR c")

    assert (past, middle) == ([TRACEBACK[0]], ["\n".join(TRACEBACK[1:])])
    assert texts(tail.take()) == ["ERROR c"]


def test_who_goes_on_after_a_place_gets_all_that_stands_behind_it(journal: Journal) -> None:
    journal.write("a", "b", "c")
    first, *_ = log(journal, places=True).past()

    rest = list(log(journal, after=first["place"], lines=1).past())

    assert [(each["text"], each["place"]) for each in rest] == [("b", "i=2"), ("c", "i=3")]


@pytest.mark.parametrize("place", ["web/stdout=1.2", "i=", "i=1;--vacuum-size=1", "-x=1"])
def test_what_is_no_place_in_the_journal_is_refused(journal: Journal, place: str) -> None:
    with pytest.raises(UsageError, match="is no place in the journal"):
        log(journal, after=place)


def test_streams_that_the_journal_does_not_tell_apart_are_not_asked_for(journal: Journal) -> None:
    journal.write("a")

    with pytest.raises(UsageError, match="does not tell stderr from stdout"):
        log(journal, stream="stderr")
