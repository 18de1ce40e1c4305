"""What the Event Log of Windows is told of records."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.sdk.logs import event_log
from svcctl.sdk.logs.event_log import EventLog, as_entry
from svcctl.system.windows.event_messages import LOGGED, LOGGED_ERROR, LOGGED_WARNING, Entry


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("info", LOGGED),
        ("warning", LOGGED_WARNING),
        ("error", LOGGED_ERROR),
        ("critical", LOGGED_ERROR),
    ],
)
def test_an_entry_is_as_grave_as_its_record(place: Any, level: str, message: object) -> None:
    getattr(place.log, level)("mail.failed", to="ann", tries=3)

    entry = as_entry(place.sink.records[0])

    assert entry.message is message
    assert entry.strings == ("mailer.2", "mail.failed\r\nto: ann\r\ntries: 3")


def test_an_error_is_told_with_its_frames(place: Any) -> None:
    place.log.error("mail.failed", exc_info=ValueError("50%1"))

    text = as_entry(place.sink.records[0]).strings[1]

    assert text == "mail.failed\r\nValueError: 50% 1", "Event Viewer takes %1 for a place"


def test_what_is_not_taken_is_refused(place: Any) -> None:
    place.log.error("a")
    place.log.error("b")
    seen: list[Entry] = []
    closed: list[bool] = []

    def report(entry: Entry) -> bool:
        seen.append(entry)
        return len(seen) > 1

    delivery = EventLog(report=report, close=lambda: closed.append(True))
    refused = delivery.deliver(place.sink.records)
    delivery.close()

    assert (refused, len(seen), closed) == (1, 2, [True])


def test_on_windows_it_writes_with_the_source_of_svcctl(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from svcctl.system.windows import event_log as windows

    class Api:
        reported: list[tuple[object, ...]] = []  # noqa: RUF012
        closed: list[int] = []  # noqa: RUF012

        def RegisterEventSourceW(self, machine: object, name: str) -> int:  # noqa: N802
            return 7 if (machine, name) == (None, "svcctl") else 0

        def ReportEventW(self, *args: Any) -> int:  # noqa: N802
            self.reported.append((*args[:4], list(args[7])))
            return 1

        def DeregisterEventSource(self, source: int) -> int:  # noqa: N802
            self.closed.append(source)
            return 1

    monkeypatch.setattr(windows, "_advapi32", Api)
    place.log.warning("mail.late")

    delivery = event_log.of_this_machine()
    refused = delivery.deliver(place.sink.records)
    delivery.close()

    strings = ["mailer.2", "mail.late"]
    assert refused == 0
    assert Api.reported == [(7, 2, 0, LOGGED_WARNING.id, strings)]
    assert Api.closed == [7]
