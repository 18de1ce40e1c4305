"""Temporary files go with the service; locks of the dead, and of their namesakes, do not hold."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from svcctl.errors import Conflict
from svcctl.sdk import holder
from svcctl.sdk.files import lock_file, placed, remove_leftovers, temp_file, temp_folder
from svcctl.sdk.holder import Holder
from svcctl.system.identity import identify

BOOT = getattr(identify(os.getpid()), "boot_id", "")


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as program:
        program.wait(60)
    return program.pid


@pytest.fixture(scope="module")
def neighbour() -> Iterator[int]:
    """The pid of a process that lives."""
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield program.pid
        program.kill()


# temporary files


def test_a_temporary_file_is_in_the_services_folder_and_goes_with_it(tmp_path: Path) -> None:
    with placed(temp_file(suffix=".csv"), str(tmp_path)) as path:
        assert path.endswith(".csv")
        assert Path(path).read_bytes() == b""
        assert tmp_path in Path(path).parents

    assert not any((tmp_path / "tmp").iterdir())


def test_a_temporary_file_may_be_moved_to_where_it_belongs(tmp_path: Path) -> None:
    with placed(temp_file(), str(tmp_path)) as path:
        os.replace(path, tmp_path / "report")

    assert (tmp_path / "report").exists()


def test_a_temporary_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one = Path(stack.enter_context(placed(temp_folder(), str(tmp_path))))
        stack.enter_context(placed(temp_folder(), str(tmp_path)))
        (one / "deep").mkdir()
        (one / "deep" / "file").touch()

    assert not any((tmp_path / "tmp").iterdir())


def test_without_a_service_it_is_where_temporary_files_are() -> None:
    with temp_file() as path:
        assert Path(path).exists()

    assert not Path(path).exists()


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    assert placed("thing", str(tmp_path)) == "thing"


def test_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "tmp" / f"{dead_pid()}-1-{BOOT}"
    (left / "deep").mkdir(parents=True)
    (left / "deep" / "file").touch()

    assert remove_leftovers(str(tmp_path)) == []

    assert not left.exists()


def test_what_a_process_left_that_had_the_pid_of_a_living_one_is_removed(
    tmp_path: Path, neighbour: int
) -> None:
    left = tmp_path / "tmp" / f"{neighbour}-1-{BOOT}"
    left.mkdir(parents=True)

    remove_leftovers(str(tmp_path))

    assert not left.exists()


def test_what_this_very_process_left_before_it_ran_itself_anew_is_removed(tmp_path: Path) -> None:
    me = holder.this_process()
    left = tmp_path / "tmp" / f"{me.pid}-{me.start_ticks}-{me.boot_id}"
    left.mkdir(parents=True)

    remove_leftovers(str(tmp_path))

    assert not left.exists()


def test_the_files_of_a_living_process_and_of_the_author_stay(
    tmp_path: Path, neighbour: int
) -> None:
    parent = identify(neighbour)
    assert parent is not None
    living = tmp_path / "tmp" / f"{parent.pid}-{parent.start_ticks}-{parent.boot_id}"
    for each in (living, tmp_path / "tmp" / "mine"):
        each.mkdir(parents=True)

    assert remove_leftovers(str(tmp_path)) == []

    assert len(list((tmp_path / "tmp").iterdir())) == 2


def test_a_service_that_never_had_any_has_nothing_left(tmp_path: Path) -> None:
    assert remove_leftovers(str(tmp_path / "nothing")) == []


# lock files


def test_a_lock_file_has_our_pid_and_goes_with_us(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "modem"

    with lock_file(path) as held:
        assert held == str(path)
        assert path.read_text().splitlines()[0] == str(os.getpid())

    assert not path.exists()


def test_a_lock_file_that_is_held_says_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "modem"

    with (
        lock_file(path),
        pytest.raises(Conflict, match=rf"is held by pid {os.getpid()} since \d\d:\d\d"),
        lock_file(path),
    ):
        pass


def test_a_lock_file_of_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "modem"
    path.write_text(Holder(pid=dead_pid(), start_ticks=1, boot_id=BOOT, since=1.0).note())

    with lock_file(path):
        assert path.read_text().startswith(f"{os.getpid()}\n")


def test_a_lock_file_of_one_whose_pid_another_process_has_got_holds_nobody_up(
    tmp_path: Path, neighbour: int
) -> None:
    path = tmp_path / "modem"
    path.write_text(Holder(pid=neighbour, start_ticks=1, boot_id=BOOT, since=1.0).note())

    with lock_file(path):
        assert path.read_text().startswith(f"{os.getpid()}\n")


def test_a_pid_that_a_living_program_wrote_without_locking_anything_is_respected(
    tmp_path: Path, neighbour: int
) -> None:
    path = tmp_path / "modem"
    path.write_text(f"{neighbour}\n")

    with pytest.raises(Conflict, match=f"pid {neighbour}"), lock_file(path):
        pass

    assert path.read_text() == f"{neighbour}\n"


@pytest.mark.skipif(not BOOT, reason="needs Linux or Windows, which tell when a process started")
def test_a_pid_written_before_the_process_that_has_it_was_started_is_nobodys(
    tmp_path: Path, neighbour: int
) -> None:
    path = tmp_path / "modem"
    path.write_text(f"{neighbour}\n")
    os.utime(path, (1.0, 1.0))

    with lock_file(path):
        assert path.read_text().startswith(f"{os.getpid()}\n")


def test_a_lock_file_with_anything_else_in_it_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "modem"
    path.write_text("what is this")

    with lock_file(path):
        pass

    assert not path.exists()


# who holds something


def test_a_note_is_read_as_it_was_written() -> None:
    me = holder.this_process()

    found = holder.parse(me.note())

    assert found is not None
    assert (found.pid, found.start_ticks, found.boot_id) == (me.pid, me.start_ticks, me.boot_id)
    assert holder.lives(found)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("", None),
        ("web\n", None),
        ("12", Holder(pid=12, since=7.0)),
        ("  12 \nmore", Holder(pid=12, since=7.0)),
        ("12\n3 - 4.0\n", Holder(pid=12, start_ticks=3, since=4.0)),
    ],
)
def test_notes_of_others_are_read_as_far_as_they_go(note: str, expected: Holder | None) -> None:
    assert holder.parse(note, written=7.0) == expected


def test_who_has_held_it_for_days_is_described_with_the_day() -> None:
    yesterday = Holder(pid=7, since=time.time() - 86400 * 2)

    assert "-" in holder.described(yesterday)
    assert holder.described(Holder(pid=7)) == "pid 7"
    assert holder.described(None) == "another process"
