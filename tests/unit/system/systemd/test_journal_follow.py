"""The journal followed through journalctl, which a script plays that notes what it is asked."""

from __future__ import annotations

import json
import stat
import sys
import time
from pathlib import Path

import pytest

from svcctl.errors import SystemFault
from svcctl.system.systemd.journal_follow import JournalFollow

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs Linux: a pipe of journalctl")

PATIENCE = 60.0
PLAYED = """#!{python}
import json, pathlib, sys, time
argv = sys.argv[1:]
with open({asked!r}, "a") as file:
    file.write(json.dumps(argv) + "\\n")
log = pathlib.Path({log!r})
after = [each.partition("=")[2] for each in argv if each.startswith("--after-cursor=")]
seen = int(after[0]) if after else 0
while True:
    text = log.read_text() if log.exists() else ""
    entries = text[: text.rfind("\\n") + 1].splitlines()
    if "--lines=1" in argv:
        entries = entries[-1:]
    for line in entries[seen:]:
        if line == "END":
            print("it cannot be read", file=sys.stderr)
            sys.exit(3)
        print(line, flush=True)
    seen = len(entries)
    if "--follow" not in argv:
        break
    time.sleep(0.01)
"""


class Journal:
    """What stands in the journal, what journalctl was asked, and what was saved."""

    def __init__(self, folder: Path) -> None:
        self.log, self._asked = folder / "log", folder / "asked"
        self.saved: list[str] = []
        script = folder / "journalctl"
        played = PLAYED.format(python=sys.executable, asked=str(self._asked), log=str(self.log))
        script.write_text(played)
        script.chmod(script.stat().st_mode | stat.S_IXUSR)

    def write(self, *messages: str) -> None:
        for message in messages:
            number = len(self.log.read_text().splitlines()) + 1 if self.log.exists() else 1
            with self.log.open("a") as file:
                file.write(json.dumps({"__CURSOR": str(number), "MESSAGE": message}) + "\n")

    @property
    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in self._asked.read_text().splitlines()]

    def follow(self, cursor: str = "", *, from_start: bool = False) -> JournalFollow:
        save = self.saved.append
        return JournalFollow(["--unit=a"], cursor=cursor, from_start=from_start, save=save)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Journal(tmp_path)


def messages(following: JournalFollow, count: int) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        found += [json.loads(each)["MESSAGE"] for each in following.take()]
        following.wait(0.05)
    return found


def test_what_was_there_at_first_is_not_wanted(journal: Journal) -> None:
    journal.write("one", "two")
    following = journal.follow()
    try:
        journal.write("three")

        assert messages(following, 1) == ["three"]
        assert journal.saved == ["2"]
        following.acknowledge()
        following.acknowledge()
        assert journal.saved == ["2", "3"]
    finally:
        following.close()


def test_it_goes_on_after_what_was_acknowledged(journal: Journal) -> None:
    journal.write("one", "two", "three")
    following = journal.follow("1")
    try:
        assert messages(following, 2) == ["two", "three"]
        assert journal.saved == []
        assert following.behind() == 0
        (argv,) = journal.asked
        assert argv[-3:] == ["--no-tail", "--after-cursor=1", "--unit=a"]
    finally:
        following.close()


def test_all_of_it_may_be_wanted(journal: Journal) -> None:
    journal.write("one", "two")
    following = journal.follow(from_start=True)
    try:
        assert messages(following, 2) == ["one", "two"]
    finally:
        following.close()


def test_an_empty_journal_is_followed_from_its_beginning(journal: Journal) -> None:
    following = journal.follow()
    try:
        journal.write("one")

        assert messages(following, 1) == ["one"]
    finally:
        following.close()


def test_journalctl_that_ends_is_told_with_what_it_said(journal: Journal) -> None:
    following = journal.follow()
    try:
        journal.log.write_text("END\n")

        with pytest.raises(SystemFault, match="journalctl ended with 3: it cannot be read"):
            messages(following, 1)
    finally:
        following.close()
