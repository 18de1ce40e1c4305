"""A crash leaves one report that says all, hides what is secret, and never makes things worse."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from typing import Any

import pytest

from svcctl.sdk.crash.folder import CrashFolder
from svcctl.spec.secrecy import HIDDEN

SECRET = "s3cr3t-value"


def fail(password: str) -> None:
    raise ConnectionError(f"cannot log in with {password}")


def error_of(call: Any) -> BaseException:
    with pytest.raises(BaseException) as found:  # noqa: PT011 - any will do
        call()
    return found.value


def crash(message: str = "gone") -> BaseException:
    def work() -> None:
        raise ConnectionError(message)

    return error_of(work)


def test_a_report_says_what_and_where_and_in_which_surroundings(desk: Any) -> None:
    reporter = desk.reporter(last_lines=lambda: ["one", "two"], checkpoint=lambda: {"sent": 7})
    desk.clock.forward(5)

    path = reporter.report(crash(), where="job sync")

    report = desk.report()
    assert path == str(desk.path / os.listdir(desk.path)[0])
    assert report["where"] == "job sync"
    assert report["error"] == {"kind": "ConnectionError", "message": "gone", "notes": []}
    assert [report["service"], report["instance"], report["version"]] == [
        *("mailer", "mailer.2", "1.2")
    ]
    assert report["stack"][-1]["function"].endswith("crash.<locals>.work")
    assert report["stack"][-1]["code"] == "raise ConnectionError(message)"
    assert report["stack"][-1]["variables"] == {"message": "'gone'"}
    assert report["uptime"] == pytest.approx(5)
    assert report["log"] == ["one", "two"]
    assert report["checkpoint"] == {"sent": 7}
    assert report["pid"] == os.getpid()
    assert report["python"]["version"].startswith("3.")
    assert report["libraries"]["pytest"] == pytest.__version__
    assert report["platform"]
    assert report["memory_bytes"] >= 0
    assert "MainThread" in [each["name"] for each in report["threads"]]


def test_the_event_tells_the_same_in_short(desk: Any) -> None:
    path = desk.reporter().report(crash(), where="run")

    seen = desk.seen()
    assert (seen.where, seen.kind, seen.problem) == ("run", "ConnectionError", "gone")
    assert (seen.service, seen.instance) == ("mailer", "mailer.2")
    assert seen.file == path
    assert seen.fingerprint == desk.report()["fingerprint"]
    assert seen.fingerprint in path


def test_no_secret_stands_anywhere_in_a_report(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "of-the-environment")
    reporter = desk.reporter(
        last_lines=lambda: [f"sent {SECRET}", "token=abc", "saw of-the-environment", "told"],
        checkpoint=lambda: {"api_key": "abcdef", "last": SECRET, "known": "told-by-config"},
        secrets=lambda: ["told-by-config"],
    )

    reporter.report(error_of(lambda: fail(SECRET)), where="run")

    text = next(desk.path.iterdir()).read_text()
    for secret in (SECRET, "token=abc", "abcdef", "of-the-environment", "told-by-config"):
        assert secret not in text
    report = desk.report()
    assert report["error"]["message"] == f"cannot log in with {HIDDEN}"
    assert report["stack"][-1]["variables"] == {"password": HIDDEN}
    assert report["environment"]["DB_PASSWORD"] == HIDDEN
    assert report["log"][-1] == "told"
    assert SECRET not in repr(desk.seen())


def test_an_error_has_one_report_whoever_sees_it_next(desk: Any) -> None:
    reporter, error = desk.reporter(), crash()
    path = reporter.report(error, where="job sync")
    desk.clock.forward(60)

    again = reporter.report(error, where="run")
    grouped = reporter.report(BaseExceptionGroup("g", [error]), where="run")

    assert again == grouped == path
    assert desk.report()["where"] == "job sync"


def test_a_fault_that_comes_again_at_once_is_only_counted(desk: Any) -> None:
    reporter = desk.reporter()
    paths = [reporter.report(crash(), where=f"task {number}") for number in range(5)]
    desk.clock.forward(1)

    reporter.report(crash(), where="task 9")

    assert [bool(path) for path in paths] == [True, False, False, False, False]
    assert [each["repeats"] for each in desk.reports()] == [0, 4]
    assert [each.repeats for each in desk.events] == [0, 4]


def test_the_same_fault_in_another_kind_of_place_is_told(desk: Any) -> None:
    reporter = desk.reporter()

    for where in ("job sync", "run"):
        reporter.report(crash(), where=where)

    assert {each["where"] for each in desk.reports()} == {"job sync", "run"}


@pytest.mark.parametrize(
    "ending",
    [
        *(KeyboardInterrupt(), SystemExit(3), GeneratorExit()),
        BaseExceptionGroup("g", [KeyboardInterrupt(), SystemExit(3)]),
    ],
)
def test_a_way_to_end_is_no_crash(desk: Any, ending: BaseException) -> None:
    assert desk.reporter().report(ending, where="run") == ""
    assert desk.events == []


def test_what_passes_through_is_reported_and_still_passes(desk: Any) -> None:
    reporter = desk.reporter()

    with pytest.raises(ConnectionError), reporter.reporting("run"):
        raise ConnectionError("gone")

    assert desk.report()["where"] == "run"


def test_a_crash_beside_a_ctrl_c_is_reported(desk: Any) -> None:
    reporter = desk.reporter()

    with pytest.raises(BaseExceptionGroup), reporter.reporting("run"):
        raise BaseExceptionGroup("g", [KeyboardInterrupt(), ValueError("x")])

    assert [each["kind"] for each in desk.report()["others"]] == ["KeyboardInterrupt", "ValueError"]


def test_a_cancellation_passes_without_a_report(desk: Any) -> None:
    reporter = desk.reporter()

    with pytest.raises(asyncio.CancelledError), reporter.reporting("run"):
        raise asyncio.CancelledError

    assert desk.events == []


def test_an_import_that_fails_is_a_crash_too(desk: Any) -> None:
    with pytest.raises(ModuleNotFoundError), desk.reporter().reporting("import of no.such"):
        __import__("no_such_module_anywhere")

    assert desk.report()["error"]["kind"] == "ModuleNotFoundError"


def test_evidence_that_fails_leaves_a_gap_and_no_more(desk: Any) -> None:
    def gone() -> Any:
        raise RuntimeError("closed")

    desk.reporter(last_lines=gone, checkpoint=gone).report(crash(), where="run")

    report = desk.report()
    assert report["log"] == report["checkpoint"] == "<RuntimeError when asked>"


def test_a_crash_within_a_report_does_no_harm(desk: Any) -> None:
    reporter = None

    def crash_again() -> list[str]:
        assert reporter is not None
        assert reporter.report(crash("inner"), where="finalizer x") == ""
        return ["fine"]

    reporter = desk.reporter(last_lines=crash_again)
    reporter.report(crash("outer"), where="run")

    assert desk.report()["log"] == ["fine"]


def test_a_full_disk_is_told_once_and_the_event_is_published(
    desk: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(CrashFolder, "add", full)
    reporter = desk.reporter()

    paths = [reporter.report(crash(), where=where) for where in ("run", "job sync", "thread x")]

    said = capsys.readouterr().err
    assert paths == ["", "", ""]
    assert said.count("No space left on device") == 1
    assert [each.file for each in desk.events] == ["", "", ""]


def test_a_listener_that_fails_does_not_reach_the_program(
    desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = desk.reporter()
    reporter._publish = lambda _: 1 / 0

    reporter.report(crash(), where="run")

    assert "ZeroDivisionError" in capsys.readouterr().err
    assert desk.report()["where"] == "run"


def test_no_more_reports_are_kept_than_wanted(desk: Any) -> None:
    reporter = desk.reporter()

    for number in range(14):
        desk.clock.forward(2)
        reporter.report(crash(f"no {number}"), where="run")

    assert [each["error"]["message"] for each in desk.reports()] == [
        f"no {number}" for number in range(4, 14)
    ]


def test_threads_may_crash_at_the_same_time(desk: Any) -> None:
    reporter = desk.reporter()
    together = threading.Barrier(8)

    def work(number: int) -> None:
        together.wait(60)
        reporter.report(crash(), where=f"kind{number} x")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert len({each["where"] for each in desk.reports()}) == 8


def test_the_tasks_of_the_loop_are_told_with_what_they_wait_for(desk: Any) -> None:
    async def sleeper() -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        reporter.loop = asyncio.get_running_loop()
        task = asyncio.create_task(sleeper(), name="the sleeper")
        await asyncio.sleep(0)
        reporter.report(crash(), where="run")
        task.cancel()

    reporter = desk.reporter()
    asyncio.run(story())

    (task,) = [each for each in desk.report()["tasks"] if each["name"] == "the sleeper"]
    assert task["stack"][0]["code"] == "await asyncio.Event().wait()"


def test_a_report_is_json_whatever_stands_in_it(desk: Any) -> None:
    desk.reporter(checkpoint=lambda: {"o": object(), 1: {2, 3}, "t": (1,)}).report(
        crash("\udcff ü \x00"), where="run"
    )

    assert json.loads(next(desk.path.iterdir()).read_text())["checkpoint"]["t"] == [1]
