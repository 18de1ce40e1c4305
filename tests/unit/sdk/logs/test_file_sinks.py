"""Records in files and pipes: whole, in order, none lost that was written."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import SystemFault
from svcctl.sdk.logs.buffered import Buffered
from svcctl.sdk.logs.descriptor import Descriptor, Terminal, standard
from svcctl.sdk.logs.levels import ERROR, INFO
from svcctl.sdk.logs.losses import Losses, on_stderr
from svcctl.sdk.logs.rotating import RotatingFile
from svcctl.testing.fakes import FakeClock

ROOT = getattr(os, "geteuid", lambda: 1)() == 0


def line(number: int) -> bytes:
    return b'{"n":%06d}\n' % number  # 13 bytes


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def rotating(tmp_path: Path, clock: FakeClock, told: list[str]) -> Iterator[Callable[..., Any]]:
    opened: list[RotatingFile] = []

    def make(**options: Any) -> RotatingFile:
        options = {"clock": clock.monotonic, "tell": told.append} | options
        opened.append(RotatingFile(str(tmp_path / "logs" / "m.log"), **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def content(folder: Path) -> bytes:
    """Give all that was written, oldest first."""
    old = sorted(folder.glob("m.log.*"))
    return b"".join(each.read_bytes() for each in [*old, folder / "m.log"])


# a file that rotates


def test_a_record_is_in_the_file_when_the_call_is_back(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    file = rotating()

    file.write(line(1), INFO)

    assert (tmp_path / "logs" / "m.log").read_bytes() == line(1)


def test_a_full_file_is_put_aside_and_nothing_is_lost(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    file = rotating(max_size=30, keep=100)

    for number in range(10):
        file.write(line(number), INFO)

    assert content(tmp_path / "logs") == b"".join(map(line, range(10)))
    assert len(names(tmp_path / "logs")) == 5
    assert all(each.stat().st_size <= 30 for each in (tmp_path / "logs").iterdir())


def test_only_the_newest_are_kept(tmp_path: Path, rotating: Callable[..., Any]) -> None:
    file = rotating(max_size=20, keep=2)

    for number in range(10):
        file.write(line(number), INFO)

    assert names(tmp_path / "logs") == ["m.log", "m.log.000008", "m.log.000009"]
    assert content(tmp_path / "logs") == b"".join(map(line, range(7, 10)))


def test_a_new_start_goes_on_where_the_last_one_ended(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    first = rotating(max_size=30)
    for number in range(5):
        first.write(line(number), INFO)
    first.close()

    second = rotating(max_size=30)
    for number in range(5, 8):
        second.write(line(number), INFO)

    assert content(tmp_path / "logs") == b"".join(map(line, range(8)))


def test_a_record_that_is_larger_than_a_file_has_one_of_its_own(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    file = rotating(max_size=20)
    large = b"x" * 50 + b"\n"

    for each in (line(1), large, line(2)):
        file.write(each, INFO)

    assert content(tmp_path / "logs") == line(1) + large + line(2)
    assert (tmp_path / "logs" / "m.log.000002").read_bytes() == large


def test_a_torn_end_does_not_spoil_the_next_record(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "m.log").write_bytes(line(1) + b'{"n":')

    rotating().write(line(2), INFO)

    assert content(tmp_path / "logs") == line(1) + b'{"n":\n' + line(2)


def test_a_rotation_that_is_refused_is_tried_later(
    tmp_path: Path,
    rotating: Callable[..., Any],
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = rotating(max_size=30)
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", refuse)
        for number in range(5):
            file.write(line(number), INFO)
    file.write(line(5), INFO)
    before = names(tmp_path / "logs")

    clock.forward(1.0)
    file.write(line(6), INFO)

    assert before == ["m.log"]
    assert names(tmp_path / "logs") == ["m.log", "m.log.000001"]
    assert content(tmp_path / "logs") == b"".join(map(line, range(7)))
    assert file.dropped == 0


def test_old_files_that_cannot_be_deleted_stay(
    tmp_path: Path, rotating: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rotating(max_size=20, keep=1)
    monkeypatch.setattr(os, "unlink", refuse)

    for number in range(4):
        file.write(line(number), INFO)

    assert content(tmp_path / "logs") == b"".join(map(line, range(4)))


def refuse(*_: object) -> None:
    raise PermissionError(errno.EACCES, "somebody reads it")


def test_a_full_disk_leaves_no_torn_record_and_is_told_once(
    tmp_path: Path,
    rotating: Callable[..., Any],
    clock: FakeClock,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = rotating()
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) <= 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        for number in range(3):
            file.write(line(number), INFO)
    file.write(line(3), INFO)
    clock.forward(60)
    file.flush()

    assert content(tmp_path / "logs") == line(3)
    assert file.dropped == 3
    assert [each.partition("': ")[2] for each in told] == [
        "1 log records were dropped: No space left on device",
        "2 log records were dropped: No space left on device",
    ]


@pytest.mark.posix
@pytest.mark.needs_root
@pytest.mark.skipif(not ROOT, reason="only root may mount")
def test_a_real_disk_that_is_full_holds_only_whole_records(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "svcctl-test", disk], check=True)
    try:
        clock, told = FakeClock(), list[str]()
        file = RotatingFile(str(disk / "m.log"), clock=clock.monotonic, tell=told.append)
        for number in range(6000):
            file.write(line(number), INFO)
        file.close()

        written = (disk / "m.log").read_bytes()
        assert written == b"".join(map(line, range(6000 - file.dropped)))
        assert "No space left on device" in told[0]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_file_that_cannot_be_opened_later_loses_and_recovers(
    tmp_path: Path, rotating: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rotating(max_size=20)
    file.write(line(0), INFO)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        file.write(line(1), INFO)

    file.write(line(2), INFO)

    assert content(tmp_path / "logs") == line(0) + line(2)
    assert file.dropped == 1


def test_a_file_that_cannot_be_opened_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SystemFault, match="cannot be opened"):
        RotatingFile(str(tmp_path / "file" / "m.log"), clock=FakeClock().monotonic)


def test_what_comes_after_the_end_is_lost_without_an_error(rotating: Callable[..., Any]) -> None:
    file = rotating()

    file.close()
    file.close()
    file.write(line(1), INFO)

    assert file.dropped == 1


def test_threads_lose_and_tear_nothing_over_rotations(
    tmp_path: Path, rotating: Callable[..., Any]
) -> None:
    file = rotating(max_size=1000, keep=1000)

    def work(first: int) -> None:
        for number in range(first, first + 500):
            file.write(line(number), INFO)

    threads = [threading.Thread(target=work, args=(1000 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = content(tmp_path / "logs").splitlines(keepends=True)
    assert sorted(found) == [
        line(1000 * each + number) for each in range(4) for number in range(500)
    ]


def test_a_forked_child_writes_on(tmp_path: Path, rotating: Callable[..., Any]) -> None:
    file = rotating()
    file.write(line(1), INFO)

    file.renew()
    file.write(line(2), INFO)

    assert content(tmp_path / "logs") == line(1) + line(2)


def test_a_torn_record_stays_where_somebody_else_wrote_behind_it(
    tmp_path: Path, rotating: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rotating()
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) == len(line(0)):
            return write(descriptor, data[:5])
        write(descriptor, b"of a child\n")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        file.write(line(0), INFO)
    file.write(line(1), INFO)

    assert content(tmp_path / "logs") == line(0)[:5] + b"of a child\n" + line(1)


def test_a_torn_record_that_cannot_be_taken_back_gets_an_end(
    tmp_path: Path, rotating: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = rotating()
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) == len(line(0)):
            return write(descriptor, data[:5])
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        patched.setattr(os, "ftruncate", refuse)
        file.write(line(0), INFO)
    file.write(line(1), INFO)

    assert content(tmp_path / "logs") == line(0)[:5] + b"\n" + line(1)


# a buffer before it


def test_records_are_gathered_until_there_are_enough(place: Any) -> None:
    buffered = Buffered(place.sink, size=30, within=60.0)
    buffered.write(line(1), INFO)
    buffered.write(line(2), INFO)
    before = list(place.sink.records)

    buffered.write(line(3), INFO)
    after = list(place.sink.records)
    buffered.close()

    assert (before, after) == ([], [line(1) + line(2) + line(3)])


@pytest.mark.parametrize("how", ["error", "flush", "close", "time"])
def test_what_is_gathered_is_written_in_time(place: Any, how: str) -> None:
    written = threading.Event()
    write = place.sink.write

    def seen(record: bytes, level: int) -> None:
        write(record, level)
        written.set()

    place.sink.write = seen
    buffered = Buffered(place.sink, within=0.01 if how == "time" else 60.0)
    buffered.write(line(1), INFO)

    match how:
        case "error":
            buffered.write(line(2), ERROR)
        case "flush":
            buffered.flush()
        case "close":
            buffered.close()
        case _:
            assert written.wait(60.0)

    assert b"".join(place.sink.records).startswith(line(1))
    buffered.close()


def test_what_comes_after_the_end_of_a_buffer_is_written_at_once(place: Any) -> None:
    buffered = Buffered(place.sink)

    buffered.close()
    buffered.write(line(1), INFO)
    buffered.close()

    assert place.sink.records == [line(1)]
    assert place.sink.closed == 2


def test_a_forked_child_does_not_write_what_its_parent_gathered(place: Any) -> None:
    buffered = Buffered(place.sink, within=60.0)
    buffered.write(line(1), INFO)

    buffered.renew()
    buffered.write(line(2), INFO)
    buffered.close()

    assert place.sink.records == [line(2)]


def test_without_a_thread_a_buffer_writes_at_once(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    buffered = Buffered(place.sink)

    buffered.write(line(1), INFO)

    assert place.sink.records == [line(1)]
    buffered.close()


def no_thread(*_: object) -> None:
    raise RuntimeError("can't start new thread")


# descriptors


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for each in (read, write):
        try:
            os.close(each)
        except OSError:
            continue


def test_a_pipe_gets_json(pipe: tuple[int, int], clock: FakeClock) -> None:
    sink = standard(pipe[1], {}, clock=clock.monotonic)

    sink.write(line(1), INFO)
    sink.flush()
    sink.close()

    assert os.read(pipe[0], 100) == line(1)


def test_a_pipe_nobody_reads_is_told_of_once_a_minute(
    pipe: tuple[int, int], clock: FakeClock, told: list[str]
) -> None:
    os.close(pipe[0])
    sink = Descriptor(pipe[1], clock=clock.monotonic, tell=told.append)

    for number in range(3):
        sink.write(line(number), INFO)
    sink.close()

    assert sink.dropped == 3
    assert [each.split(": ")[1] for each in told] == [
        "1 log records were dropped",
        "2 log records were dropped",
    ]


@pytest.mark.posix
def test_a_slow_reader_makes_the_writer_wait_and_loses_nothing(
    pipe: tuple[int, int], clock: FakeClock
) -> None:
    os.set_blocking(pipe[1], False)
    sink = Descriptor(pipe[1], clock=clock.monotonic)
    large = b"x" * 200_000 + b"\n"

    writer = threading.Thread(target=lambda: sink.write(large, INFO))
    writer.start()
    found = b""
    while not found.endswith(b"\n"):
        found += os.read(pipe[0], 65536)
    writer.join()

    assert found == large
    assert sink.dropped == 0


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    import pty

    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.posix
@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_text(
    place: Any, terminal: tuple[int, int], environ: dict[str, str], coloured: bool
) -> None:
    sink = standard(terminal[1], environ, clock=place.clock.monotonic)
    place.log.info("mail.sent", to="ann")

    sink.write(place.sink.records[0], INFO)
    sink.flush()
    sink.close()

    found = os.read(terminal[0], 1000).decode()
    assert "mail.sent" in found
    assert ("\x1b[" in found) is coloured
    assert isinstance(sink, Terminal)


@pytest.mark.posix
def test_a_terminal_gets_text_from_a_buffer_too(place: Any, terminal: tuple[int, int]) -> None:
    sink = Buffered(standard(terminal[1], {"NO_COLOR": "1"}, clock=place.clock.monotonic))
    for number in range(2):
        place.log.info("mail.sent", n=number)
        sink.write(place.sink.records[-1], INFO)

    sink.close()

    found = os.read(terminal[0], 1000).decode().splitlines()
    assert [each[-3:] for each in found] == ["n=0", "n=1"]


def test_a_closed_descriptor_is_no_terminal(place: Any, pipe: tuple[int, int]) -> None:
    os.close(pipe[1])

    assert isinstance(standard(pipe[1], {}, clock=place.clock.monotonic), Descriptor)


# what is lost


def test_losses_are_told_at_once_and_then_once_a_minute(clock: FakeClock, told: list[str]) -> None:
    losses = Losses("sink", clock=clock.monotonic, tell=told.append)

    for _ in range(3):
        losses.count(2, "full")
        losses.tell()
    waits = losses.due_in()
    clock.forward(60)
    losses.tell()
    losses.tell(now=True)

    assert told == [
        "sink: 2 log records were dropped: full",
        "sink: 4 log records were dropped: full",
    ]
    assert (waits, losses.due_in(), losses.total) == (60.0, None, 6)


def test_what_nobody_can_be_told_is_not_an_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_stderr("told")
    monkeypatch.setattr(os, "write", refuse)
    on_stderr("not told")

    assert capfd.readouterr().err == "svcctl: told\n"
