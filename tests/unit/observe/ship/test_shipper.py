"""Two threads ship: they go on after mistakes, hand over to others, and end when they are told."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from svcctl.observe.logs.files import STREAMS
from svcctl.observe.logs.tail.changes import Inotify
from svcctl.observe.logs.tail.tail import Bounds, Tail
from svcctl.observe.ship.aside import Aside
from svcctl.observe.ship.intake import Intake
from svcctl.observe.ship.packing import Limits, Packer
from svcctl.observe.ship.sender import Sender
from svcctl.observe.ship.sent import Sent
from svcctl.observe.ship.shipper import Parts, Shipper
from svcctl.observe.ship.spool import Spool
from svcctl.observe.ship.woken import Woken, globs_of
from svcctl.system.clock import SystemClock
from tests.unit.observe.ship.dock import Desk, Sheet

PATIENCE = 60.0  # seconds until a test is lost

pytestmark = pytest.mark.skipif(not hasattr(os, "pipe2"), reason="needs Linux: inotify")


class Pier:
    """What shippers are made of; *desk* takes what they bring."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.desk, self.ends = folder, Desk(), Sheet()
        self.opened = 0
        self.refuse: Callable[[], None] = lambda: None

    def open(self, stack: ExitStack, told: Callable[[], None]) -> Parts:
        self.opened += 1
        self.refuse()
        spool = Spool(str(self.folder / "spool"), ends=self.ends, limit=1 << 20, told=told)
        stack.callback(spool.close)
        woken, clock = Woken(Inotify()), SystemClock()
        tail = Tail(
            globs_of(str(self.folder / "logs"), ("*",), STREAMS),
            clock=clock,
            place=spool,
            at_end=False,
            bounds=Bounds(search_every=600.0),
            changes=woken,
        )
        intake = Intake(tail, spool, clock=clock)
        stack.callback(intake.close)
        sender = Sender(
            "lake",
            spool=spool,
            packer=lambda progress: Packer(
                spool, progress.spot, limits=Limits(count=10, size=1 << 20, wait=0.0), name="here"
            ),
            sent=Sent(str(self.folder / "sent")),
            receiver=self.desk,
            aside=Aside(str(self.folder / "aside")),
            clock=clock,
            publish=lambda _: None,
        )
        stack.callback(sender.close)
        return Parts(spool=spool, intake=intake, sender=sender, wake=woken.wake)

    def write(self, text: str, *, service: str = "web") -> None:
        folder = self.folder / "logs" / service / service
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "stdout.log").open("a") as file:
            file.write(f"{text}\n")

    def arrived(self, *texts: str) -> None:
        """Wait until all of *texts* arrived."""
        for _ in range(int(PATIENCE / 0.02)):
            if len(self.desk.taken) >= len(texts):
                break
            threading.Event().wait(0.02)
        assert self.desk.texts == list(texts)


@pytest.fixture
def pier(tmp_path: Path) -> Pier:
    return Pier(tmp_path)


def test_a_log_that_is_new_is_found_when_it_is_woken(pier: Pier) -> None:
    shipper = Shipper("lake", pier.open)
    shipper.begin()
    pier.write("a")
    shipper.wake()
    pier.arrived("a")
    pier.write("b", service="db")

    shipper.wake()

    pier.arrived("a", "b")
    shipper.close()
    assert shipper.lag().problem == ""


def test_the_next_one_goes_on_where_the_last_one_was(pier: Pier) -> None:
    pier.write("a")
    first = Shipper("lake", pier.open)
    first.begin()
    pier.arrived("a")
    first.close()
    pier.write("b")

    second = Shipper("lake", pier.open, after=first)
    second.begin()

    pier.arrived("a", "b")
    second.stir("web")
    second.close()


def test_what_cannot_be_opened_is_opened_later(pier: Pier) -> None:
    def refuse() -> None:
        if pier.opened == 1:
            raise OSError(28, "No space left on device")

    pier.refuse = refuse
    pier.write("a")
    shipper = Shipper("lake", pier.open)

    shipper.begin()

    pier.arrived("a")
    shipper.close()
    assert pier.opened == 2


def test_one_that_never_opened_says_why_and_ends(pier: Pier) -> None:
    told = threading.Event()

    def refuse() -> None:
        told.set()
        raise OSError(13, "Permission denied")

    pier.refuse = refuse
    shipper = Shipper("lake", pier.open)
    shipper.begin()
    assert told.wait(PATIENCE)

    shipper.close()

    assert "Permission denied" in shipper.lag().problem


def test_a_mistake_in_it_is_logged_and_it_begins_anew(
    pier: Pier, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> bool:
        monkeypatch.undo()
        raise KeyError("a mistake")

    monkeypatch.setattr(Intake, "step", broken)
    pier.write("a")
    shipper = Shipper("lake", pier.open)

    shipper.begin()

    pier.arrived("a")
    shipper.close()
    assert "ship.failed" in [each.message for each in caplog.records]
