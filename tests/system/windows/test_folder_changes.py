"""Windows tells which files of a folder changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.bootstrap.tailing import changes, tail
from svcctl.system.windows import folder_changes
from svcctl.system.windows.folder_changes import FolderChanges, names_in
from svcctl.system.windows.kernel import close_handle, kernel32
from tests.system.windows.waiting import PATIENCE


@pytest.fixture
def told() -> Iterator[FolderChanges]:
    found = FolderChanges(blind=1e9)
    found.take()  # at first nobody knows
    yield found
    found.close()


def until_told(told: FolderChanges, wanted: str, act: Callable[[], object]) -> None:
    act()
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        if wanted in (told.take() or set()):
            return
        told.wait(0.1)
    pytest.fail(f"nothing was told of {wanted}")


def test_what_is_written_made_and_renamed_is_told(told: FolderChanges, tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    told.watch({str(tmp_path)})

    until_told(told, str(first), lambda: first.write_bytes(b"1"))
    until_told(told, str(second), lambda: first.rename(second))
    until_told(told, str(second), second.unlink)


def test_several_folders_are_watched_until_they_are_not(
    told: FolderChanges, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    told.watch({str(one), str(two)})

    until_told(told, str(one / "a"), lambda: (one / "a").write_bytes(b"1"))
    until_told(told, str(two / "b"), lambda: (two / "b").write_bytes(b"1"))
    told.watch({str(two)})
    (one / "c").write_bytes(b"1")
    until_told(told, str(two / "d"), lambda: (two / "d").write_bytes(b"1"))


def test_where_a_folder_cannot_be_watched_nobody_knows(told: FolderChanges, tmp_path: Path) -> None:
    told.watch({str(tmp_path / "none")})

    assert told.take() is None


def test_waiting_ends_when_something_changes(told: FolderChanges, tmp_path: Path) -> None:
    told.watch({str(tmp_path)})
    told.take()
    writing = threading.Thread(target=(tmp_path / "a").write_bytes, args=(b"1",))

    writing.start()
    until_told(told, str(tmp_path / "a"), lambda: told.wait(PATIENCE))

    writing.join()


def test_to_let_go_of_a_folder_that_is_none_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    calls = folder_changes._calls()
    handle = calls.CreateFileW(str(tmp_path / "file"), 1, 7, None, 3, 0x4200_0000, None)
    event = kernel32().CreateEventW(None, True, False, None)
    folder = folder_changes._Folder(handle, event)

    assert not folder.read()
    folder.close()

    close_handle(event)


def test_now_and_then_nobody_knows(tmp_path: Path) -> None:
    found = FolderChanges()
    try:
        found.watch({str(tmp_path)})

        assert found.take() is None
    finally:
        found.close()


def test_names_are_read_as_windows_writes_them() -> None:
    first = "a.log".encode("utf-16-le")
    told = b"\x18\0\0\0\x01\0\0\0" + len(first).to_bytes(4, "little") + first + b"\0\0"
    last = "接".encode("utf-16-le")
    told += b"\0\0\0\0\x03\0\0\0" + len(last).to_bytes(4, "little") + last

    assert list(names_in(told)) == ["a.log", "接"]
    assert list(names_in(b"")) == []


def test_it_is_what_a_tail_uses_here() -> None:
    found = changes()
    found.close()

    assert isinstance(found, FolderChanges)


def test_a_log_is_followed_through_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"")
    found = b""
    with tail([str(log)]) as following:
        log.write_bytes(b"one\n")
        log.rename(tmp_path / "a.log.1")
        log.write_bytes(b"two\n")
        deadline = time.monotonic() + PATIENCE
        while found != b"one\ntwo\n" and time.monotonic() < deadline:
            found += b"".join(each.content for each in following.take())
            following.wait(0.1)

    assert found == b"one\ntwo\n"
