"""Reports reach whoever collects them, each at least once, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from svcctl.ports import Document
from svcctl.sdk.crash.folder import CrashFolder, report_name
from svcctl.sdk.crash.upload import Sent, send_unsent


@dataclass
class Collector:
    """Takes what *refuses* lets pass."""

    refuses: Callable[[str], bool] = lambda _: False
    tried: list[str] = field(default_factory=list)
    taken: list[Document] = field(default_factory=list)

    async def upload(self, name: str, report: Document) -> None:
        self.tried.append(name)
        if self.refuses(name):
            raise ConnectionError("nobody there")
        self.taken.append(report)


class Deaf:
    async def upload(self, name: str, report: Document) -> None:
        del name, report
        await asyncio.Event().wait()


@pytest.fixture
def folder(tmp_path: Path) -> CrashFolder:
    made = CrashFolder(str(tmp_path))
    for number in range(5):
        made.add(name(number), {"n": number})
    return made


def name(number: int) -> str:
    return report_name(stamp=f"2026112{number}", fingerprint="a", number="1")


def test_all_are_sent_once_oldest_first(folder: CrashFolder) -> None:
    collector = Collector()

    first = asyncio.run(send_unsent(folder, collector))
    second = asyncio.run(send_unsent(folder, collector))

    assert [each["n"] for each in collector.taken] == [0, 1, 2, 3, 4]
    assert first == Sent(sent=5)
    assert second == Sent()


def test_one_that_does_not_get_through_does_not_keep_the_next(folder: CrashFolder) -> None:
    collector = Collector(refuses=lambda each: each == name(1))

    sent = asyncio.run(send_unsent(folder, collector))

    assert (sent.sent, sent.left) == (4, 1)
    assert sent.problem == f"{name(1)}: ConnectionError: nobody there"
    assert folder.unsent() == [name(1)]


def test_after_three_in_a_row_nobody_is_there(folder: CrashFolder) -> None:
    collector = Collector(refuses=lambda _: True)

    sent = asyncio.run(send_unsent(folder, collector))

    assert len(collector.tried) == 3
    assert (sent.sent, sent.left) == (0, 5)


def test_a_collector_that_never_answers_is_given_up(folder: CrashFolder) -> None:
    sent = asyncio.run(send_unsent(folder, Deaf(), patience=0.01))

    assert (sent.sent, sent.left) == (0, 5)
    assert "TimeoutError" in sent.problem


def test_a_damaged_report_is_named_and_the_others_go(folder: CrashFolder) -> None:
    (Path(folder.path) / name(2)).write_text("{")

    sent = asyncio.run(send_unsent(folder, Collector()))

    assert (sent.sent, sent.left) == (4, 1)
    assert name(2) in sent.problem


class Meddler:
    """Takes the next report away while it uploads one."""

    def __init__(self, folder: CrashFolder) -> None:
        self._folder = folder

    async def upload(self, name_: str, report: Document) -> None:
        del name_, report
        (Path(self._folder.path) / name(1)).unlink(missing_ok=True)


def test_one_that_is_gone_meanwhile_is_no_failure(folder: CrashFolder) -> None:
    assert asyncio.run(send_unsent(folder, Meddler(folder))) == Sent(sent=4)
