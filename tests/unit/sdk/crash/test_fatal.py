"""What faulthandler left is read, whatever is missing of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.crash.fatal import fatal_signals, parse_dump

DUMP = """\
Fatal Python error: Segmentation fault

Thread 0x00007f0000000001 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 327 in wait

Current thread 0x00007f0000000002 (most recent call first):
  File "/app/native.py", line 12 in poke
  File "/app/mailer.py", line 40 in run

Extension modules: _native (total: 1)
"""


def test_the_calls_of_the_thread_that_died_are_given_outermost_first() -> None:
    dump = parse_dump(DUMP)

    assert dump is not None
    assert dump.what == "Segmentation fault"
    assert [(each.module, each.function, each.line) for each in dump.frames] == [
        ("mailer", "run", 40),
        ("native", "poke", 12),
    ]


def test_nothing_was_dumped_where_nothing_happened() -> None:
    assert parse_dump("") is None
    assert parse_dump("\n") is None


@given(text=st.text() | st.integers(0, len(DUMP)).map(lambda end: DUMP[:end]))
def test_no_damage_makes_a_dump_unreadable(text: str) -> None:
    dump = parse_dump(text)

    assert dump is None or dump.text == text


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("Fatal Python error: Segmentation fault", "SIGSEGV"),
        ("Fatal Python error: Aborted", "SIGABRT"),
        ("Windows fatal exception: access violation", "fatal error"),
        ("something else", "fatal error"),
    ],
)
def test_the_next_start_reports_what_the_last_one_died_of(desk: Any, what: str, kind: str) -> None:
    desk.path.mkdir()
    first = json.dumps({"pid": 7, "version": "1.1"})
    (desk.path / "fatal.txt").write_text(f"{first}\n{DUMP.replace(DUMP.splitlines()[0], what)}")

    with fatal_signals(desk.reporter()):
        pass

    report = desk.report()
    assert report["where"] == "fatal signal"
    assert report["error"]["kind"] == kind
    assert report["process"] == {"pid": 7, "version": "1.1"}
    assert "most recent call first" in report["dump"]
    assert desk.seen().kind == kind


def test_a_dump_is_reported_once(desk: Any) -> None:
    desk.path.mkdir()
    (desk.path / "fatal.txt").write_text(f"torn\n{DUMP}")

    for _ in range(2):
        with fatal_signals(desk.reporter()):
            pass

    assert desk.report()["process"] == {}


def test_a_process_that_was_killed_left_no_dump(desk: Any) -> None:
    desk.path.mkdir()
    (desk.path / "fatal.txt").write_text('{"pid": 7}\n')

    with fatal_signals(desk.reporter()):
        pass

    assert desk.events == []
