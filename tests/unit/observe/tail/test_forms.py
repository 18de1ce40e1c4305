"""Lines of any form: unfinished, endless, of any encoding, with holes, in many files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.tail.changes import Asleep, Inotify
from svcctl.observe.logs.tail.discovery import find_logs
from svcctl.observe.logs.tail.encoding import named
from svcctl.observe.logs.tail.generation import Flaw, Manner
from svcctl.observe.logs.tail.names import age_key, belongs_to
from svcctl.observe.logs.tail.tail import Bounds
from tests.unit.observe.tail.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.tail.close()


def test_a_line_is_given_when_its_end_came(desk: Desk) -> None:
    desk.write(b"half of")
    first = desk.lines()

    desk.write(b" a line\r\n")

    assert first == []
    assert desk.lines() == [b"half of a line"]


def test_a_line_without_an_end_is_given_after_a_while_and_marked(desk: Desk) -> None:
    desk.write(b"a prompt> ")
    assert desk.lines() == []

    desk.clock.forward(5.0)
    (block,) = desk.blocks()

    assert (block.content, block.flaw) == (b"a prompt> ", Flaw.UNFINISHED)


def test_a_line_that_is_too_long_is_cut_marked_and_the_file_goes_on(desk: Desk) -> None:
    desk.write(b"before\n" + b"x" * (3 * LONGEST + 17))
    before = desk.blocks()
    desk.restart()
    desk.write(b"x" * LONGEST + b"\nafter\n")
    after = desk.blocks()

    assert [(each.flaw, len(each.content)) for each in before] == [
        (Flaw.NONE, len(b"before\n")),
        (Flaw.CUT, LONGEST),
    ]
    assert [each.content for each in after] == [b"after\n"]


def test_a_hole_in_a_file_is_left_out(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]

    with open(desk.path, "r+b") as file:
        file.truncate()
        file.seek(40 << 20)
        file.write(b"two \0 and a zero\n")

    assert desk.lines() == [b"two \0 and a zero"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
def test_text_of_any_encoding_comes_in_utf8(tmp_path: Path, encoding: str) -> None:
    text = "".join(f"第{each}行 Ċ ਊ 錯誤\r\n" for each in range(1000))
    manner = None if encoding in {"utf-16", "utf-32"} else Manner(encoding=named(encoding))
    desk = Desk(tmp_path, manner=manner)
    whole = text.encode(encoding)

    found = []
    for place in range(0, len(whole), 777):
        desk.write(whole[place : place + 777])
        found += desk.lines()

    assert [line.decode() for line in found] == text.split("\r\n")[:-1]
    desk.tail.close()


def test_an_encoding_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no encoding 'klingon'"):
        named("klingon")


def test_a_byte_order_mark_is_left_out(desk: Desk) -> None:
    desk.write(b"\xef\xbb\xbfone\n")

    assert desk.lines() == [b"one"]


def test_a_record_of_many_lines_is_given_whole(tmp_path: Path) -> None:
    def whole(lines: bytes) -> int:
        return max(place for place in range(len(lines)) if _begins(lines, place))

    def _begins(lines: bytes, place: int) -> bool:
        return lines[place - 1 : place] in {b"", b"\n"} and lines[place : place + 1] != b" "

    desk = Desk(tmp_path, manner=Manner(whole=whole))
    desk.write(b"one\ntwo\n at a\n")
    first = desk.lines()
    desk.write(b" at b\nthree\n")
    second = desk.lines()
    desk.clock.forward(1.0)

    assert first == [b"one"]
    assert second == [b"two", b" at a", b" at b"]
    assert desk.lines() == [b"three"]
    desk.tail.close()


def test_logs_that_come_later_are_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path, str(tmp_path / "**" / "*.log"), at_end=True)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    desk.write(b"one\n", name="deep/er/x.log")
    desk.clock.forward(2.0)

    assert desk.lines() == [b"one"]
    assert desk.tail.paths == [str(tmp_path / "deep" / "er" / "x.log")]
    desk.tail.close()


def test_a_log_that_came_and_was_rotated_while_nobody_looked_is_read_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path, str(tmp_path / "*.log*"), at_end=True)
    desk.lines()
    desk.restart()
    desk.write(b"one\n")
    desk.rename()
    desk.write(b"two\n")
    desk.clock.forward(2.0)

    assert desk.lines() == [b"one", b"two"]
    desk.tail.close()


def test_the_times_of_files_may_be_a_little_before_those_of_clocks(tmp_path: Path) -> None:
    desk = Desk(tmp_path, str(tmp_path / "*.log*"), at_end=True)
    desk.lines()
    desk.restart()
    desk.write(b"one\n")
    a_tick_ago = int((desk.clock.now() - 60.3 - 0.01) * 1e9)  # before what was saved was saved
    os.utime(desk.path, ns=(a_tick_ago, a_tick_ago))
    desk.rename()
    desk.write(b"two\n")
    desk.clock.forward(2.0)

    assert desk.lines() == [b"one", b"two"]
    desk.tail.close()


def test_older_parts_other_names_and_what_is_no_file_are_no_logs(tmp_path: Path) -> None:
    for name in ("a.log", "a.log.1", "a.log.2.gz", "a-2026-01-01.log", "b-2026-01-01.log"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "worker-1.log").write_bytes(b"")
    (tmp_path / "worker.log").write_bytes(b"")
    (tmp_path / "link.log").symlink_to("a.log")
    (tmp_path / "folder.log").mkdir()

    found = find_logs([str(tmp_path / "*log*")], ())

    assert sorted(Path(each).name for each in found) == [
        *("a.log", "b-2026-01-01.log", "worker-1.log", "worker.log")
    ]


def test_older_parts_are_told_by_their_names() -> None:
    assert belongs_to("stdout.log.000001.gz") == ("stdout.log",)
    assert belongs_to("app.log.2026-01-01T00:00") == ("app.log",)
    assert belongs_to("app.2026-01-01.log.gz") == ("app.log",)
    assert belongs_to("app.log.idx") == ()
    assert age_key("a.log.2", 5) < age_key("a.log.1", 5) < age_key("a.log.9", 6)
    assert age_key("a.log.000001", 5) < age_key("a.log.000002", 5)


@pytest.mark.parametrize(("end", "pack"), [(".gz", gzip), (".bz2", bz2), (".xz", lzma)])
def test_packed_parts_are_read_on_from_where_the_plain_ones_were_left(
    desk: Desk, end: str, pack: object
) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]
    desk.write(b"two\n")
    content = desk.path.read_bytes()
    desk.rename()
    desk.write(b"three\n")

    (desk.folder / f"app.log.1{end}").write_bytes(pack.compress(content))  # type: ignore[attr-defined]
    (desk.folder / "app.log.1").unlink()
    desk.restart()

    assert desk.lines() == [b"two", b"three"]


def test_a_packed_file_that_is_not_whole_yet_is_waited_for(desk: Desk) -> None:
    desk.write(b"one\n")
    assert desk.lines() == [b"one"]
    packed = gzip.compress(b"one\n" + os.urandom(300_000).hex().encode() + b"\ntwo\n")
    desk.rename()
    (desk.folder / "app.log.1.gz").write_bytes(packed[:100_000])
    (desk.folder / "app.log.1").unlink()
    desk.write(b"three\n")
    desk.restart()
    first = desk.lines()

    (desk.folder / "app.log.1.gz").write_bytes(packed)
    second = desk.lines()

    assert first == [b"three"]
    assert second[-1] == b"two"


def test_many_logs_are_followed_with_few_open_logs(tmp_path: Path) -> None:
    count = 60
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    desk = Desk(tmp_path, str(tmp_path / "*.log"), bounds=Bounds(open_logs=16))
    for text in (b"one\n", b"two\n"):
        for number in range(count):
            desk.write(text, name=f"{number}.log")
        desk.clock.forward(2.0)
        assert desk.lines() == [text.strip()] * count

    for number in range(count):
        (tmp_path / f"{number}.log").rename(tmp_path / f"{number}.log.1")
        desk.write(b"three\n", name=f"{number}.log")

    assert desk.lines() == [b"three"] * count
    if sys.platform == "linux":
        desk.clock.forward(10.0)
        desk.lines()
        assert len(os.listdir("/proc/self/fd")) - before <= 2 * 16 + 4
    desk.restart()
    assert desk.lines() == []
    desk.tail.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: inotify")
def test_a_change_is_told_by_the_kernel(tmp_path: Path) -> None:
    changes = Inotify()
    desk = Desk(tmp_path, str(tmp_path / "*.log"), changes=changes, bounds=Bounds(search_every=60))
    desk.write(b"one\n")
    desk.clock.forward(61.0)
    desk.lines()
    desk.clock.forward(3.0)
    desk.lines()

    desk.write(b"two\n")
    changes.wait(60.0)
    assert desk.lines() == [b"two"]
    assert desk.lines() == []
    desk.rename()
    desk.write(b"three\n")

    assert desk.lines() == [b"three"]
    desk.tail.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: inotify")
def test_folders_that_go_and_come_are_watched(tmp_path: Path) -> None:
    changes = Inotify()
    folder = tmp_path / "logs"
    folder.mkdir()
    changes.watch({str(folder), str(tmp_path / "missing")})
    assert changes.take() == set()

    folder.rmdir()
    gone = changes.take()
    folder.mkdir()
    changes.watch({str(folder)})
    (folder / "a.log").write_bytes(b"")

    assert gone is None
    assert changes.take() == {str(folder / "a.log")}
    changes.close()


def test_without_events_everything_is_looked_at() -> None:
    changes = Asleep()
    changes.watch({"/"})
    changes.wait(0.0)

    assert changes.take() is None
