"""Logs and crash reports go into the spool once, whenever whoever reads them is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.observe.logs.files import STREAMS
from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.joining import whole
from svcctl.observe.ship.crashes import CrashReports
from svcctl.observe.ship.frame import Frame, What, Writer
from svcctl.observe.ship.intake import Intake, writer_of
from svcctl.observe.ship.spool import Spool, Spot
from svcctl.observe.ship.woken import globs_of
from svcctl.testing.fakes import FakeClock
from tests.unit.observe.ship.dock import Sheet


class Shelf:
    """Logs and crash reports in a folder, and what takes them in, killed at will."""

    def __init__(self, folder: Path, *, at_end: bool = False) -> None:
        self.folder, self.at_end = folder, at_end
        self.clock, self.ends = FakeClock(), Sheet()
        self.log = folder / "logs" / "web" / "web.1" / "stdout.log"
        self.log.parent.mkdir(parents=True)
        self.written = 0

    def start(self) -> None:
        self.spool = Spool(str(self.folder / "spool"), ends=self.ends, limit=1 << 30)
        tail = Tail(
            globs_of(str(self.folder / "logs"), ("w*",), STREAMS),
            clock=self.clock,
            place=self.spool,
            at_end=self.at_end,
            manner=Manner(whole=whole),
        )
        crashes = CrashReports(str(self.folder / "services"), ("w*",))
        self.intake = Intake(
            tail, self.spool, clock=self.clock, crashes=crashes, at_end=self.at_end
        )

    def close(self, *, killed: bool = False) -> None:
        saved = self.ends.content
        self.intake.close()
        self.spool.close()
        if killed:
            self.ends.content = saved

    def write(self, count: int = 1) -> None:
        with self.log.open("a") as file:
            for _ in range(count):
                file.write(f"{self.written}\n")
                self.written += 1

    def crash(self, name: str, *, instance: str = "web.1", service: str = "web") -> None:
        folder = self.folder / "services" / instance / "crashes"
        folder.mkdir(parents=True, exist_ok=True)
        report = {"service": service, "instance": instance, "where": name}
        (folder / f"crash-{name}.json").write_text(json.dumps(report))

    def settle(self) -> None:
        """Take in all there is, and commit it."""
        for _ in range(8):
            self.clock.forward(1.1)
            self.intake.step()

    def kept(self) -> list[Frame]:
        found, spot = [], Spot()
        while after := self.spool.next_after(spot):
            read, spot = after
            found.append(read.frame)
        return found

    def lines(self) -> list[int]:
        content = b"".join(each.content for each in self.kept() if each.what is What.LINES)
        return [int(each) for each in content.split()]

    def reports(self) -> list[str]:
        return [json.loads(e.content)["where"] for e in self.kept() if e.what is What.CRASH]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.close()


def test_what_was_written_is_kept_with_who_wrote_it(shelf: Shelf) -> None:
    shelf.write(3)
    shelf.start()

    shelf.settle()

    assert shelf.lines() == [0, 1, 2]
    assert shelf.kept()[0].writer == Writer(service="web", instance="web.1", stream="stdout")


def test_a_report_is_kept_once(shelf: Shelf) -> None:
    shelf.crash("first")
    shelf.crash("other", instance="db", service="db")
    shelf.start()
    shelf.settle()
    shelf.crash("second")

    shelf.intake.stir("web.1")
    shelf.settle()
    shelf.close(killed=True)
    shelf.start()
    shelf.settle()

    assert shelf.reports() == ["first", "second"]


def test_a_line_of_a_service_has_its_reports_looked_for(shelf: Shelf) -> None:
    shelf.start()
    shelf.settle()
    shelf.crash("first")
    shelf.write()

    shelf.settle()

    assert shelf.reports() == ["first"]


def test_a_report_that_is_none_is_passed_over(shelf: Shelf) -> None:
    shelf.crash("first")
    shelf.crash("second")
    next((shelf.folder / "services").rglob("*first.json")).write_text("{")
    shelf.start()

    shelf.settle()

    assert shelf.reports() == ["second"]


def test_from_the_end_nothing_of_the_past_is_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, at_end=True)
    shelf.write(3)
    shelf.crash("past")
    shelf.start()
    shelf.settle()
    shelf.write()
    shelf.crash("now")

    shelf.settle()

    assert shelf.lines() == [3]
    assert shelf.reports() == ["now"]
    shelf.close()


def test_a_disk_that_is_full_for_a_while_costs_no_line(shelf: Shelf) -> None:
    shelf.start()
    shelf.settle()
    shelf.ends.full = True
    shelf.write(3)
    shelf.settle()
    assert shelf.lines() == []

    shelf.ends.full = False
    shelf.settle()

    assert shelf.lines() == [0, 1, 2]


def test_what_cannot_be_appended_is_appended_by_the_next_step(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.start()
    shelf.write(2)
    with monkeypatch.context() as patch:
        patch.setattr(shelf.spool, "append", _full)
        with pytest.raises(OSError, match="No space"):
            shelf.settle()

    shelf.settle()

    assert shelf.lines() == [0, 1]


def _full(_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/logs/web/web.2/stderr.log", Writer(service="web", instance="web.2", stream="stderr")),
        ("/l/a.b/a.b/stdout.log", Writer(service="a.b", instance="a.b", stream="stdout")),
    ],
)
def test_a_path_tells_who_wrote(path: str, expected: Writer) -> None:
    assert writer_of(path) == expected


@given(
    acts=st.lists(st.sampled_from(["write", "write", "step", "kill", "crash", "end"]), max_size=30)
)
def test_whenever_it_is_killed_everything_is_kept_once(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    shelf.start()
    crashes = 0
    for act in acts:
        match act:
            case "write":
                shelf.write(2)
            case "crash":
                shelf.crash(f"{crashes:03d}")
                shelf.intake.stir("web.1")
                crashes += 1
            case "step":
                shelf.clock.forward(0.3)
                shelf.intake.step()
            case _:
                shelf.close(killed=act == "kill")
                shelf.start()
    shelf.settle()

    assert shelf.lines() == list(range(shelf.written))
    assert shelf.reports() == [f"{number:03d}" for number in range(crashes)]
    shelf.close()
