"""What journalctl is asked, and what its answers mean."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from svcctl.errors import SystemFault
from svcctl.system.systemd.journal import last_cursor, past_entries, said, unit_terms

pytestmark = pytest.mark.posix

ENTRIES = [
    {"__CURSOR": "i=1", "__REALTIME_TIMESTAMP": "1500000", "MESSAGE": "text", "PRIORITY": "3"},
    {"__CURSOR": "i=2", "__REALTIME_TIMESTAMP": "2500000", "MESSAGE": [104, 105, 255]},
    {"__CURSOR": "i=3", "__REALTIME_TIMESTAMP": "3500000", "MESSAGE": None},
]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a journalctl that gives :data:`ENTRIES`; give the file with the words it got."""
    (tmp_path / "entries").write_text("".join(f"{json.dumps(each)}\n" for each in ENTRIES))
    program = tmp_path / "journalctl"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/asked\ncat {tmp_path}/entries\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "asked"


@pytest.mark.usefixtures("asked")
def test_lines_are_given_as_they_were_written() -> None:
    assert [said(each) for each in past_entries(())] == [
        (1.5, b"text", "i=1"),
        (2.5, b"hi\xff", "i=2"),
        (3.5, b"", "i=3"),
    ]


def test_the_journal_is_asked_for_a_time_a_number_and_fields(asked: Path) -> None:
    list(past_entries(["X=1"], since=1.5, until=9.0, most=3, only=("MESSAGE", "PRIORITY")))

    words = asked.read_text().split("\n")
    assert {"--since=@1.500000", "--until=@9.000000", "--lines=3", "X=1"} <= set(words)
    assert "--output-fields=MESSAGE,PRIORITY" in words


def test_what_stands_behind_a_place_is_asked_for_whatever_its_time(asked: Path) -> None:
    list(past_entries((), since=1.5, after="i=1"))

    words = asked.read_text().split("\n")
    assert "--after-cursor=i=1" in words
    assert not any(each.startswith("--since") for each in words)


def test_the_unit_of_a_user_is_asked_for_by_both() -> None:
    assert unit_terms("web.service", of_user=False) == ["_SYSTEMD_UNIT=web.service"]
    assert unit_terms("web.service", of_user=True) == [
        "_SYSTEMD_USER_UNIT=web.service",
        f"_UID={os.getuid()}",
    ]


@pytest.mark.usefixtures("asked")
def test_who_has_read_enough_may_go() -> None:
    assert last_cursor() == "i=1"


def test_a_machine_without_a_journal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")

    with pytest.raises(SystemFault, match="there is no journalctl"):
        list(past_entries(()))
