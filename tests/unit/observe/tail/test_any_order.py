"""Whatever happens to a log, and in whatever order, each line comes once, and in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.records.joining import whole
from tests.unit.observe.tail.desk import Desk

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 40)),
        st.tuples(
            st.sampled_from(
                ["rename", "copy", "pack", "read", "take", "restart", "kill", "pause", "backup"]
            ),
            st.just(0),
        ),
    ),
    max_size=40,
)


class Story:
    """A desk, what was written, and what came; all lines end with *tail*."""

    def __init__(self, desk: Desk, *, tail: bytes) -> None:
        self.desk, self.tail = desk, tail
        self.written: list[bytes] = []
        self.came: list[bytes] = []
        self.unacknowledged: list[bytes] = []

    def write(self, count: int) -> None:
        first = len(self.written)
        lines = [
            b"%06d is its number%s" % (each, self.tail) for each in range(first, first + count)
        ]
        self.desk.write(b"".join(line + b"\n" for line in lines))
        self.written += lines

    def rename(self, _: int) -> None:
        if self.desk.path.exists():
            self.desk.rename(keep=60)

    def copy(self, _: int) -> None:
        if self.desk.path.exists():
            self.rename(0)
            last = self.desk.folder / "app.log.1"
            last.rename(self.desk.path)  # as copying and emptying moves the older ones only
            self.desk.folder.joinpath("app.log.1").write_bytes(self.desk.path.read_bytes())
            with open(self.desk.path, "r+b") as file:
                file.truncate()

    def pack(self, _: int) -> None:
        plain = [
            number for number in range(2, 60) if (self.desk.folder / f"app.log.{number}").exists()
        ]
        if plain:
            self.desk.pack(plain[-1])

    def backup(self, _: int) -> None:
        if self.desk.path.exists() and self.desk.path.stat().st_size > 2000:
            (self.desk.folder / "app.log.bak").write_bytes(self.desk.path.read_bytes())

    def read(self, _: int) -> None:
        self.came += self.unacknowledged + self.desk.lines()
        self.unacknowledged = []

    def take(self, _: int) -> None:
        self.unacknowledged += [line for block in self.desk.tail.take() for line in block.lines()]

    def restart(self, _: int) -> None:
        self.unacknowledged = []
        self.desk.restart()

    def kill(self, _: int) -> None:
        self.read(0)
        self.desk.clock.forward(1.0)
        self.desk.tail.acknowledge()
        self.desk.restart(killed=True)

    def pause(self, _: int) -> None:
        self.desk.clock.forward(7.0)


STORY = {
    "write": Story.write,
    "rename": Story.rename,
    "copy": Story.copy,
    "pack": Story.pack,
    "backup": Story.backup,
    "read": Story.read,
    "take": Story.take,
    "restart": Story.restart,
    "kill": Story.kill,
    "pause": Story.pause,
}


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from([Manner(), Manner(whole=whole)]), st.sampled_from([0, 90, 400]))
def test_each_line_comes_once_and_in_order(
    steps: list[tuple[str, int]], manner: Manner, width: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), manner=manner)
        story = Story(desk, tail=b"." * width)

        for name, count in steps:
            STORY[name](story, count)
        for _ in range(2):  # a record that may go on is waited for
            story.read(0)
            story.pause(0)
        story.read(0)
        desk.tail.close()

        assert story.came == story.written
