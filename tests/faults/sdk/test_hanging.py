"""Whatever in a service never ends: its process does, in its time, and names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.sdk.running import running


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("PlainRun", "run"),
        ("IgnoringRun", "run"),
        ("PlainJob", "job work"),
        ("IgnoringJob", "job work"),
        ("Child", "child deaf"),
        ("Task", "task unknown"),
    ],
)
def test_what_hangs_is_named_and_all_else_is_closed(tmp_path: Path, how: str, named: str) -> None:
    with running(tmp_path, "hanging.py", how) as service:
        service.until_noted("hangs")
        service.until_said("running")

        status = service.stopped()

    assert status == 0, service.said
    assert "closed" in service.noted
    assert service.unfinished == [named]


@pytest.mark.parametrize(("how", "thread"), [("NoDaemon", "of its own"), ("Executor", "asyncio_0")])
def test_a_thread_that_python_would_wait_for_is_named(
    tmp_path: Path, how: str, thread: str
) -> None:
    with running(tmp_path, "hanging.py", how) as service:
        service.until_noted("hangs")

        status = service.stopped()

    assert status == 0
    assert "closed" in service.noted
    assert service.said.splitlines()[-1] == f"ended though threads still run: {thread}"


def test_a_hook_that_hangs_is_named_and_all_else_is_closed(tmp_path: Path) -> None:
    with running(tmp_path, "hanging.py", "Hook") as service:
        service.until_said("running")

        status = service.stopped()

    assert status == 0
    assert service.noted == ["hangs", "closed"]
    (failed,) = service.records("hook.failed")
    assert (failed["hook"], failed["exception"]["type"]) == ("on_stop", "TimeoutError")


def test_a_thread_that_python_would_not_wait_for_is_nobodys_business(tmp_path: Path) -> None:
    with running(tmp_path, "hanging.py", "Daemon") as service:
        service.until_noted("hangs")

        status = service.stopped()

    assert status == 0
    assert service.unfinished == []
    assert service.said.splitlines()[-1] == "hanging: stopped"
