"""Whatever is done to a log, each of its lines comes once and in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.observe.logs.tail.discovery import Folders
from svcctl.observe.logs.tail.generation import Generation, Manner, TurnedBack
from svcctl.observe.logs.tail.lineage import Lineage
from svcctl.observe.logs.tail.opened import Opened
from tests.unit.observe.tail.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.tail.close()


def numbered(first: int, last: int) -> bytes:
    return b"".join(b"line %06d of those that are written\n" % each for each in range(first, last))


def lines_of(text: bytes) -> list[bytes]:
    return text.splitlines()


def test_what_is_written_comes_once(desk: Desk) -> None:
    desk.write(b"one\ntwo\n")
    first = desk.lines()
    desk.write(b"three\n")

    assert first == [b"one", b"two"]
    assert desk.lines() == [b"three"]
    assert desk.lines() == []


def test_of_a_log_that_is_there_only_what_comes_is_given_when_so_asked(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"old\n")
    desk = Desk(tmp_path, at_end=True)

    desk.write(b"new\n")

    assert desk.lines() == [b"new"]
    desk.tail.close()


def test_a_renamed_file_is_read_to_its_end_before_the_next(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]

    desk.write(b"two\n")
    desk.rename()
    desk.write(b"three\n")
    late = desk.folder / "app.log.1"
    assert desk.lines() == [b"two", b"three"]
    with open(late, "ab") as file:
        file.write(b"written by somebody who did not reopen\n")

    assert desk.lines() == [b"written by somebody who did not reopen"]


def test_files_that_were_rotated_unseen_are_read_oldest_first(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]

    for each in (b"two\n", b"three\n", b"four\n", b"five\n"):
        desk.write(each)
        desk.rename()
    desk.write(b"six\n")

    assert desk.lines() == [b"two", b"three", b"four", b"five", b"six"]


def test_a_file_renamed_and_deleted_at_once_is_read_to_its_end(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]
    desk.write(b"two\n")

    desk.rename()
    (desk.folder / "app.log.1").unlink()
    desk.write(b"three\n")

    assert desk.lines() == [b"two", b"three"]


def test_what_a_copy_has_and_the_emptied_file_has_not_is_read_from_the_copy(desk: Desk) -> None:
    desk.write(numbered(0, 100))
    assert len(desk.lines()) == 100
    desk.write(numbered(100, 150))

    desk.copy_and_empty()
    desk.write(numbered(150, 160))

    assert desk.lines() == lines_of(numbered(100, 160))


def test_a_file_emptied_and_filled_beyond_what_was_read_begins_anew(desk: Desk) -> None:
    desk.write(numbered(0, 100))
    desk.lines()

    desk.copy_and_empty()
    desk.write(numbered(100, 300))

    assert desk.lines() == lines_of(numbered(100, 300))


@pytest.mark.parametrize("written", [120, 400])
def test_lines_that_end_alike_are_told_apart_in_an_emptied_file(desk: Desk, written: int) -> None:
    lines = [b"%06d %s" % (each, b"x" * 400) for each in range(written)]
    desk.write(b"\n".join(lines[:50]) + b"\n")
    first = desk.lines()

    for begin in range(50, written, 70):  # beyond what was read, to the byte at the end of a line
        desk.copy_and_empty()
        desk.write(b"\n".join(lines[begin : begin + 70]) + b"\n")

    assert first + desk.lines() == lines


def test_a_copy_that_is_made_before_the_file_is_emptied_is_not_read_twice(desk: Desk) -> None:
    desk.write(numbered(0, 100))
    desk.lines()
    desk.copy_and_empty()
    desk.write(numbered(100, 200))
    desk.lines()
    for _ in range(10):  # names are looked at again and again for a while after a rotation
        copy = desk.folder / "app.log.1"
        copy.rename(desk.folder / "app.log.2")
        copy.write_bytes(desk.path.read_bytes())
        assert desk.lines() == []
        os.replace(desk.folder / "app.log.2", copy)

    desk.write(numbered(200, 210))

    assert desk.lines() == lines_of(numbered(200, 210))


@pytest.mark.parametrize("killed", [False, True])
def test_a_restart_neither_loses_nor_repeats(desk: Desk, *, killed: bool) -> None:
    desk.write(b"one\ntwo\n")
    assert desk.lines() == [b"one", b"two"]

    desk.restart(killed=killed)
    desk.write(b"three\n")

    assert desk.lines() == [b"three"]


def test_what_was_not_acknowledged_comes_again_after_a_restart(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]
    desk.write(b"two\n")

    desk.tail.take()
    desk.restart()

    assert desk.lines() == [b"two"]


def test_rotations_while_nobody_looks_lose_nothing(desk: Desk) -> None:
    desk.write(numbered(0, 50))
    desk.lines()

    for each in range(1, 5):
        desk.write(numbered(50 * each, 50 * each + 50))
        desk.rename()
    desk.pack(4)
    desk.pack(3)
    desk.write(numbered(250, 300))
    desk.restart()

    assert desk.lines() == lines_of(numbered(50, 300))
    desk.restart()
    assert desk.lines() == []


class Restless:
    """Names of older parts that move when somebody asks for them, *before* or after it."""

    def __init__(self, desk: Desk, *, before: bool) -> None:
        self._desk, self._before, self._folders = desk, before, Folders()
        self.moves = list[bytes]()

    def parts(self, path: str) -> dict[str, int]:
        if self._before:
            self._move()
        found = self._folders.parts(path)
        self._move()
        return found

    def _move(self) -> None:
        while self.moves:
            self._desk.copy_and_empty()
            self._desk.write(self.moves.pop())


def read_all(lineage: Lineage, *, last: bytes) -> list[bytes]:
    came = list[bytes]()
    while lineage.look(0.0) and came[-1:] != [last]:
        while block := lineage.read(0.0):
            came += block.lines()
    return came


@pytest.mark.parametrize("before", [False, True])
def test_names_that_move_while_they_are_looked_at_change_no_order(
    desk: Desk, *, before: bool
) -> None:
    names = Restless(desk, before=before)
    lineage = Lineage(str(desk.path), parts=names.parts, manner=Manner())
    desk.write(numbered(0, 100))
    lineage.begin(0.0, at_end=True, since_ns=0)
    for number in (100, 200, 300):
        desk.write(numbered(number, number + 50))
        desk.copy_and_empty()
        desk.write(numbered(number + 50, number + 100))
    names.moves += [numbered(420, 430), numbered(400, 420)]
    first = read_all(lineage, last=lines_of(numbered(429, 430))[0])
    desk.write(numbered(430, 440))  # names may move still, so that they are looked at anew
    names.moves += [numbered(500, 510), numbered(440, 500)]

    came = read_all(lineage, last=lines_of(numbered(509, 510))[0])
    lineage.close()

    assert first + came == lines_of(numbered(100, 510))


@pytest.mark.slow
def test_a_log_with_hundreds_of_older_parts_is_read_once(tmp_path: Path) -> None:
    for number in range(400):
        part = tmp_path / f"app.log.{number:06}"
        part.write_bytes(b"old %d\n" % number * 200)
        os.utime(part, (1e9 + number, 1e9 + number))
    (tmp_path / "app.log").write_bytes(b"current\n")
    desk = Desk(tmp_path, at_end=True)

    came = []
    for number in range(400, 410):
        desk.write(b"new %d\n" % number)
        desk.path.rename(tmp_path / f"app.log.{number:06}")
        came += desk.lines()
    desk.restart()
    desk.write(b"last\n")

    assert came + desk.lines() == [*(b"new %d" % number for number in range(400, 410)), b"last"]
    desk.tail.close()


def test_what_came_after_the_last_look_is_looked_at_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.touch()
    opened = Opened(str(path))
    generation = Generation(str(path), opened, offset=0, manner=Manner())

    path.write_bytes(b"one\n")  # there may be copies by now of what was there in between

    with pytest.raises(TurnedBack):
        generation.read(0.0)
    generation.notice_beginning()
    block = generation.read(0.0)
    opened.content.close()
    assert block
    assert block.lines() == [b"one"]


def test_copies_made_while_nobody_looks_lose_nothing(desk: Desk) -> None:
    desk.write(numbered(0, 50))
    desk.lines()

    for each in range(1, 5):
        desk.write(numbered(50 * each, 50 * each + 50))
        desk.copy_and_empty()
    desk.write(numbered(250, 300))
    desk.restart()

    assert desk.lines() == lines_of(numbered(50, 300))


def test_a_rotated_file_that_was_read_is_known_when_it_is_packed(desk: Desk) -> None:
    for each in range(4):
        desk.write(numbered(50 * each, 50 * each + 50))
        assert desk.lines() == lines_of(numbered(50 * each, 50 * each + 50))
        desk.rename()
        desk.clock.forward(10.0)
        desk.lines()
    desk.pack(3)
    desk.pack(4)
    desk.write(numbered(200, 250))

    assert desk.lines() == lines_of(numbered(200, 250))


def test_rotated_files_that_were_there_before_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "app.log.2").write_bytes(b"older\n")
    (tmp_path / "app.log.1").write_bytes(b"old\n")
    (tmp_path / "app.log").write_bytes(b"new\n")
    desk = Desk(tmp_path, str(tmp_path / "app.log*"))
    desk.clock.forward(5.0)

    assert desk.lines() == [b"new"]
    desk.rename()
    desk.write(b"newer\n")
    assert desk.lines() == [b"newer"]
    desk.tail.close()


def test_a_deleted_file_that_comes_again_is_read_from_its_beginning(desk: Desk) -> None:
    for _ in range(3):  # the very same number is given again by many file systems
        desk.write(b"one and the same\n")
        assert desk.lines() == [b"one and the same"]
        desk.path.unlink()
        assert desk.lines() == []
        desk.clock.forward(10.0)
        assert desk.lines() == []


def test_files_with_the_same_long_beginning_are_told_apart(desk: Desk) -> None:
    banner = b"# this service begins each file with the same words\n" * 40
    desk.write(banner + b"one\n")
    desk.lines()

    desk.rename()
    desk.write(banner + b"two\n")
    desk.rename()
    desk.write(banner + b"three\n")

    found = desk.lines()
    assert [each for each in found if not each.startswith(b"#")] == [b"two", b"three"]
    assert len(found) == 82


@pytest.mark.posix
def test_a_file_written_anew_with_what_it_had_goes_on(desk: Desk) -> None:
    desk.write(numbered(0, 100))
    desk.lines()

    copy = desk.folder / ".app.log.x1"
    copy.write_bytes(desk.path.read_bytes() + numbered(100, 110))
    os.replace(copy, desk.path)

    assert desk.lines() == lines_of(numbered(100, 110))


def test_a_backup_somebody_made_is_not_read(desk: Desk) -> None:
    desk.write(numbered(0, 100))
    desk.lines()
    (desk.folder / "app.log.bak").write_bytes(desk.path.read_bytes())
    desk.write(numbered(100, 120))

    desk.rename()
    desk.write(numbered(120, 130))

    assert desk.lines() == lines_of(numbered(100, 130))


@pytest.mark.posix
def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    (tmp_path / "app.log").symlink_to("a")
    desk = Desk(tmp_path)
    assert desk.lines() == [b"one"]

    desk.write(b"two\n", name="a")
    (tmp_path / "b").write_bytes(b"three\n")
    (tmp_path / "new").symlink_to("b")
    os.replace(tmp_path / "new", tmp_path / "app.log")

    assert desk.lines() == [b"two", b"three"]
    desk.tail.close()


@pytest.mark.posix
def test_the_rotated_files_of_a_links_target_are_found(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "app.log").symlink_to(away / "app.log")
    desk = Desk(tmp_path)
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]

    for text in (b"two\n", b"three\n"):
        desk.write(text)
        (away / "app.log.1").rename(away / "app.log.2") if text == b"three\n" else None
        (away / "app.log").rename(away / "app.log.1")
    desk.write(b"four\n")
    desk.restart()

    assert desk.lines() == [b"two", b"three", b"four"]
    desk.tail.close()


@pytest.mark.posix
def test_a_file_that_may_not_be_read_for_a_while_is_read_then(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(b"one\n")
    desk.lines()
    desk.write(b"two\n")
    desk.rename()
    desk.write(b"three\n")

    real = os.open

    def refused(path: str, *rest: int) -> int:
        if str(path).endswith("app.log"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refused)
    first = desk.lines()
    monkeypatch.undo()

    assert first == [b"two"]
    assert desk.lines() == [b"three"]


def test_positions_that_cannot_be_saved_hold_nothing_up(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.sheet.full = True
    desk.write(b"one\n")
    first = desk.lines()
    desk.sheet.full = False
    desk.write(b"two\n")
    second = desk.lines()

    desk.restart(killed=True)

    assert first + second == [b"one", b"two"]
    assert desk.lines() == []
    assert [each.message for each in caplog.records] == ["tail.positions-not-saved"]


def test_positions_that_are_garbage_begin_anew(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write(b"one\n")
    desk.lines()

    desk.sheet.content = b'{"version":1,"logs":{"app":[[[1]]]}}'
    desk.restart(killed=True)

    assert desk.lines() == [b"one"]
    assert "tail.positions-unusable" in [each.message for each in caplog.records]
