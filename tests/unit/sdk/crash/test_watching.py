"""Wherever Python tells of an error that nobody handled, it is heard; and all is put back."""

from __future__ import annotations

import asyncio
import faulthandler
import sys
import threading
from functools import partial
from typing import Any

import pytest

from svcctl.sdk.crash.watching import watching


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of the hooks that were there before have been called."""
    found: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda *_: found.append("main"))
    monkeypatch.setattr(sys, "unraisablehook", lambda _: found.append("finalizer"))
    monkeypatch.setattr(threading, "excepthook", lambda _: found.append("thread"))
    return found


def crash_in_thread() -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="reader")
    thread.start()
    thread.join(60)


class Doomed:
    def __del__(self) -> None:
        raise ValueError("in a finalizer")


def hooks() -> tuple[object, ...]:
    return (sys.excepthook, sys.unraisablehook, threading.excepthook, faulthandler.is_enabled())


def test_a_thread_that_crashes_is_reported_and_told_as_before(desk: Any, told: list[str]) -> None:
    with watching(desk.reporter()):
        crash_in_thread()

    assert desk.report()["where"] == "thread reader"
    assert told == ["thread"]


def test_a_finalizer_that_crashes_is_reported(desk: Any, told: list[str]) -> None:
    with watching(desk.reporter()):
        Doomed()

    assert desk.report()["where"] == "finalizer Doomed.__del__"
    assert desk.report()["error"]["message"] == "in a finalizer"
    assert told == ["finalizer"]


def test_what_ends_the_program_is_reported(desk: Any, told: list[str]) -> None:
    error = RuntimeError("the end")

    with watching(desk.reporter()):
        sys.excepthook(RuntimeError, error, None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert desk.report()["where"] == "main"
    assert told == ["main", "main"]


def test_what_leaves_the_block_is_reported_once(desk: Any) -> None:
    reporter = desk.reporter()

    with pytest.raises(OSError, match="gone"), watching(reporter), reporter.reporting("run"):
        raise OSError("gone")

    assert desk.report()["where"] == "run"
    assert desk.report()["others"] == []
    assert not (desk.path / "fatal.txt").exists()


def test_a_task_that_nobody_waits_for_is_reported(desk: Any, told: list[str]) -> None:
    async def bad() -> None:
        raise KeyError("lost")

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: told.append("loop"))
        with watching(desk.reporter()):
            task = asyncio.create_task(bad(), name="sync")
            while not task.done():
                await asyncio.sleep(0)
            del task
            await asyncio.sleep(0)

    asyncio.run(story())

    assert desk.report()["where"] == "task sync"
    assert told == ["loop"]


def test_a_callback_that_crashes_is_reported(desk: Any, told: list[str]) -> None:
    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: told.append("loop"))
        with watching(desk.reporter()):
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(story())

    assert desk.report()["where"].startswith("callback ")
    assert told == ["loop"]


def test_everything_is_put_back(desk: Any, told: list[str]) -> None:
    before = hooks()

    with watching(desk.reporter()):
        during = hooks()

    assert hooks() == before
    assert not set(before[:3]) & set(during[:3])
    assert told == []


def test_the_handler_of_the_loop_is_put_back(desk: Any) -> None:
    def own(*_: object) -> None:
        raise AssertionError

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(own)
        with watching(desk.reporter()):
            assert loop.get_exception_handler() is not own
        assert loop.get_exception_handler() is own

    asyncio.run(story())


def test_who_wrapped_our_hook_meanwhile_keeps_it_but_nothing_is_reported_any_more(
    desk: Any, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with watching(desk.reporter()):
        ours = threading.excepthook
        monkeypatch.setattr(threading, "excepthook", partial(ours))
        wrapped = threading.excepthook

    crash_in_thread()

    assert threading.excepthook is wrapped
    assert told == ["thread"]
    assert desk.events == []


def test_a_program_that_ends_in_order_leaves_no_file(desk: Any) -> None:
    with watching(desk.reporter()):
        assert [each.name for each in desk.path.iterdir()] == ["fatal.txt"]

    assert list(desk.path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_and_no_more(
    desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.path.write_text("a file where the folder should be")

    with watching(desk.reporter()):
        pass

    assert "fatal signals leave no report" in capsys.readouterr().err
