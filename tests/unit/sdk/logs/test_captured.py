"""What others say flows into the log of the service, and only while it should."""

from __future__ import annotations

import asyncio
import atexit
import gc
import io
import logging
import signal
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any

import pytest

from svcctl.sdk.logs.captured import captured


@pytest.fixture(autouse=True)
def as_python_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what pytest put into the hooks."""
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)


def hooks() -> tuple[object, ...]:
    root = logging.getLogger()
    return (
        *(sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning),
        *(list(root.handlers), root.level, signal.getsignal(signal.SIGTERM)),
    )


def test_standard_logging_flows_in(place: Any) -> None:
    with captured(place.logs):
        logging.getLogger("urllib3.pool").warning("tried %d times", 3, extra={"host": "x"})

    found = place.sink.last
    assert (found["event"], found["logger"], found["level"], found["host"]) == (
        *("tried 3 times", "urllib3.pool", "warning"),
        "x",
    )
    assert found["service"] == "mailer"


def test_an_error_of_standard_logging_is_structured(place: Any) -> None:
    with captured(place.logs):
        try:
            raise ValueError("bad")
        except ValueError:
            logging.getLogger("x").exception("failed", stack_info=True)

    found = place.sink.last
    assert found["exception"]["type"] == "ValueError"
    assert "test_captured.py" in found["stack"]


def test_arguments_that_do_not_fit_are_told_where_they_always_are(
    place: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with captured(place.logs):
        logging.getLogger("x").warning("%d", "seven")

    assert place.sink.records == []
    assert "Logging error" in capsys.readouterr().err


def test_standard_loggers_follow_the_levels(place: Any) -> None:
    chatty = logging.getLogger("chatty.part")
    with captured(place.logs):
        chatty.debug("a")
        place.logs.levels.set("chatty", "debug", for_=60)
        chatty.debug("b")
        place.logs.levels.set("chatty.part", "error")
        chatty.warning("c")
        place.clock.forward(60)
        logging.getLogger("chatty.other").debug("d")

    assert [each["event"] for each in place.sink.read()] == ["b"]
    assert (chatty.level, logging.getLogger("chatty").level) == (logging.NOTSET, logging.NOTSET)


def test_warnings_flow_in(place: Any) -> None:
    with warnings.catch_warnings(), captured(place.logs):
        warnings.simplefilter("always")
        warnings.warn("it is old", DeprecationWarning, stacklevel=1)

    found = place.sink.last
    assert (found["event"], found["logger"], found["level"]) == (
        *("python.warning", "warnings"),
        "warning",
    )
    assert (found["category"], found["message"]) == ("DeprecationWarning", "it is old")
    assert found["file"] == __file__


def test_an_error_that_ends_the_program_is_written(
    place: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with captured(place.logs):
        sys.excepthook(ValueError, ValueError("bad"), None)

    found = place.sink.last
    assert (found["event"], found["level"], found["where"]) == (
        *("error.uncaught", "critical"),
        "program",
    )
    assert found["exception"]["message"] == "bad"
    assert capsys.readouterr().err == ""


def test_a_person_who_interrupts_is_no_error(
    place: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with captured(place.logs):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert place.sink.records == []
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_an_error_of_a_thread_is_written(place: Any) -> None:
    def fail() -> None:
        raise ValueError("bad")

    with captured(place.logs):
        for target in (fail, sys.exit):
            thread = threading.Thread(target=target, name="worker")
            thread.start()
            thread.join()

    (found,) = place.sink.read()
    assert (found["where"], found["thread"]) == ("thread", "worker")
    assert found["exception"]["frames"][-1]["function"] == "fail"


class Failing:
    def __del__(self) -> None:
        raise ValueError("bad")


def test_an_error_nobody_could_catch_is_written(place: Any) -> None:
    with captured(place.logs):
        Failing()
        gc.collect()

    found = place.sink.read()
    assert {each["where"] for each in found} == {"unraisable"}
    assert "Failing.__del__" in found[0]["object"]


def test_an_error_of_a_task_is_written(place: Any) -> None:
    async def fail() -> None:
        raise ValueError("bad")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with captured(place.logs, loop=loop):
            task = asyncio.create_task(fail(), name="lost")
            await asyncio.wait([task])
            del task
            gc.collect()
        assert loop.get_exception_handler() is None

    asyncio.run(main())

    found = place.sink.last
    assert (found["where"], found["task"]) == ("task", "lost")
    assert found["exception"]["message"] == "bad"


def test_hooks_of_others_are_called_too(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda *_: called.append("program"))
    monkeypatch.setattr(threading, "excepthook", lambda *_: called.append("thread"))
    monkeypatch.setattr(sys, "unraisablehook", lambda *_: called.append("nobody"))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: called.append("task"))
        with captured(place.logs, loop=loop):
            loop.call_exception_handler({"message": "odd"})

    asyncio.run(main())
    with captured(place.logs):
        sys.excepthook(ValueError, ValueError(), None)
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        Failing()
        gc.collect()

    assert called == ["task", "program", "thread", "nobody"]


def test_all_is_as_it_was_in_the_end(place: Any) -> None:
    before = hooks()

    with suppress(ValueError), captured(place.logs):
        during = hooks()
        raise ValueError("bad")

    assert hooks() == before
    assert not {id(each) for each in during[:4]} & {id(each) for each in before[:4]}
    assert place.sink.flushed == 1


def test_what_others_put_in_meanwhile_stays(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler(io.StringIO())
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with captured(place.logs):
        ours = warnings.showwarning
        monkeypatch.setattr(warnings, "showwarning", print)
        logging.getLogger().addHandler(handler)

    assert warnings.showwarning is print
    assert handler in logging.getLogger().handlers
    assert ours is not print
    logging.getLogger().removeHandler(handler)


def test_the_end_of_the_interpreter_flushes(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(atexit, "register", asked.append)

    with captured(place.logs):
        asked[-1]()
        assert place.sink.flushed == 1


def test_a_handler_of_sigterm_is_left_alone(place: Any) -> None:
    def mine(*_: object) -> None: ...

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with captured(place.logs):
            assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_it_may_be_entered_in_any_thread(place: Any) -> None:
    def work() -> None:
        with captured(place.logs) as log:
            log.info("in a thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [each["event"] for each in place.sink.read()] == ["in a thread"]
