"""Entries of the journal and of the Event Log, as records."""

from __future__ import annotations

import json

import pytest

from svcctl.observe.records.entries import event_record, journal_record
from svcctl.record import Level

NOW = 5.0


def entry(**fields: object) -> bytes:
    stamp = {"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1790000000123456"}
    return json.dumps({**stamp, **fields}).encode()


def test_an_entry_of_the_journal_is_its_message() -> None:
    found = journal_record(entry(MESSAGE="it failed", PRIORITY="3", _PID="7"), now=NOW)

    assert (found.raw, found.message, found.level) == (b"it failed", "it failed", Level.ERROR)
    assert found.at == 1790000000.123456
    assert found.fields == {"MESSAGE": "it failed", "PRIORITY": "3", "_PID": "7"}


def test_a_program_that_logs_json_is_understood() -> None:
    said = json.dumps({"level": "warning", "msg": "slow", "trace_id": "abcdef0123456789"})

    found = journal_record(entry(MESSAGE=said, PRIORITY="6"), now=NOW)

    assert (found.message, found.level, found.trace) == ("slow", Level.WARNING, "abcdef0123456789")
    assert found.raw == said.encode()


@pytest.mark.parametrize(
    ("message", "raw"),
    [([104, 105, 255], b"hi\xff"), (None, b""), (["one", "two"], b"two"), ([], b"")],
)
def test_a_message_may_be_no_text(message: object, raw: bytes) -> None:
    assert journal_record(entry(MESSAGE=message), now=NOW).raw == raw


def test_an_entry_without_a_time_is_of_now() -> None:
    found = journal_record(b'{"MESSAGE": "x"}', now=NOW)

    assert (found.at, found.level) == (NOW, Level.UNKNOWN)


EVENT = """<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>
<Provider Name='Service Control Manager' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}'/>
<EventID Qualifiers='49152'>7034</EventID><Level>2</Level><Task>0</Task>
<TimeCreated SystemTime='2026-11-21T20:00:00.1234567Z'/><EventRecordID>10</EventRecordID>
<Correlation ActivityID='{0000}'/><Execution ProcessID='700' ThreadID='800'/>
<Channel>System</Channel><Computer>box</Computer><Security/></System>
<EventData><Data Name='param1'>Spooler</Data><Data>3</Data><Binary>53</Binary></EventData></Event>
"""


def test_an_event_is_its_text_and_its_fields() -> None:
    found = event_record(EVENT, message="Spooler terminated\r\nunexpectedly. ", now=NOW)

    assert found.message == "Spooler terminated\nunexpectedly."
    assert found.raw == found.message.encode()
    assert (found.level, found.trace) == (Level.ERROR, "{0000}")
    assert found.at == pytest.approx(1795291200.123456, abs=1e-3)
    assert found.fields == {
        "Provider": "Service Control Manager",
        "EventID": "7034",
        "Level": "2",
        "Task": "0",
        "TimeCreated": "2026-11-21T20:00:00.1234567Z",
        "EventRecordID": "10",
        "ActivityID": "{0000}",
        "ProcessID": "700",
        "Channel": "System",
        "Computer": "box",
        "param1": "Spooler",
        "Data2": "3",
        "Binary": "53",
    }


def test_an_event_whose_text_nobody_knows_is_its_values() -> None:
    assert event_record(EVENT, message="", now=NOW).message == "Spooler 3 53"


def test_what_else_an_event_may_hold() -> None:
    space = "http://schemas.microsoft.com/win/2004/08/events/event"
    other = (
        f"<Event xmlns='{space}'><System><TimeCreated SystemTime='soon'/><Level>0</Level></System>"
        "<UserData><Log xmlns='x'><Name>a</Name></Log></UserData></Event>"
    )

    found = event_record(other, message="", now=NOW)

    assert (found.at, found.level, found.fields["Name"]) == (NOW, Level.INFO, "a")
    assert event_record(f"<Event xmlns='{space}'/>", message="x", now=NOW).level is Level.UNKNOWN
