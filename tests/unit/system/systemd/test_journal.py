"""What journalctl is asked, and what its answers mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from svcctl.errors import SystemFault
from svcctl.system.systemd.journal import read_journal

pytestmark = pytest.mark.posix

ENTRIES = [
    {"__REALTIME_TIMESTAMP": "1500000", "MESSAGE": "text", "PRIORITY": "3"},
    {"__REALTIME_TIMESTAMP": "2500000", "MESSAGE": [104, 105, 255]},
    {"__REALTIME_TIMESTAMP": "3500000", "MESSAGE": None},
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
    assert list(read_journal("web.service")) == [
        (1.5, b"text", 3),
        (2.5, b"hi\xff", 6),
        (3.5, b"", 6),
    ]


def test_the_journal_is_asked_for_a_time_a_number_and_what_comes(asked: Path) -> None:
    list(read_journal("web.service", since=1.5, until=9.0, lines=3, follow=True))

    words = asked.read_text().split("\n")
    assert {"--since=@1.500000", "--until=@9.000000", "--lines=3", "--follow"} <= set(words)
    assert "_SYSTEMD_UNIT=web.service" in words


def test_the_unit_of_a_user_is_asked_for_by_both(asked: Path) -> None:
    list(read_journal("web.service", user=1000))

    words = asked.read_text().split("\n")
    assert {"_SYSTEMD_USER_UNIT=web.service", "_UID=1000"} <= set(words)
    assert "_SYSTEMD_UNIT=web.service" not in words


@pytest.mark.usefixtures("asked")
def test_who_has_read_enough_may_go() -> None:
    lines = read_journal("web.service")

    first = next(lines)
    lines.close()  # type: ignore[attr-defined]

    assert first[1] == b"text"


def test_a_machine_without_a_journal_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such/folder")

    with pytest.raises(SystemFault, match="there is no journalctl"):
        list(read_journal("web.service"))
