"""An error anywhere in a service does what is promised: it goes on, or ends with a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.sdk.running import running

CRASHED = 70
HOOKS = {
    "on_reload": ["reload"],
    "on_pause": ["pause"],
    "on_resume": ["pause", "resume"],
    "on_control": ["control"],
}


@pytest.mark.parametrize("how", ["raises", "gives-up"])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_in_a_hook_is_logged_and_the_service_goes_on(
    tmp_path: Path, hook: str, how: str
) -> None:
    with running(tmp_path, "failing.py", hook, how) as service:
        service.until_said("running")
        for word in HOOKS[hook]:
            service.tell(word)
        failed = service.until_logged("hook.failed")
        before = service.noted.count("tick")
        service.until_noted("tick", times=before + 3)
        known = service.noted.count("control 130")
        service.tell("control")
        service.until_noted("control 130", times=known + 1)
        status = service.stopped()

    assert failed["hook"] == hook
    assert status == 0
    assert service.noted[-1] == "closed"


@pytest.mark.parametrize("how", ["raises", "gives-up"])
def test_an_error_in_on_stop_is_logged_and_the_stop_goes_on(tmp_path: Path, how: str) -> None:
    with running(tmp_path, "failing.py", "on_stop", how) as service:
        service.until_said("running")
        status = service.stopped()

    (failed,) = service.records("hook.failed")
    assert failed["hook"] == "on_stop"
    assert status == 0
    assert service.noted[-1] == "closed"


@pytest.mark.parametrize("how", ["raises", "gives-up", "exits"])
def test_a_check_that_fails_means_that_the_service_is_not_well(tmp_path: Path, how: str) -> None:
    with running(tmp_path, "failing.py", "check", how) as service:
        changed = service.until_logged("health.changed")
        service.until_noted("fails", times=3)
        before = service.noted.count("tick")
        service.until_noted("tick", times=before + 3)
        status = service.stopped()

    assert (changed["status"], changed["failing"]) == ("DOWN", ["well"])
    assert status == 0, service.said
    assert service.noted[-1] == "closed"


@pytest.mark.parametrize("how", ["raises", "gives-up"])
def test_a_job_that_fails_is_called_again(tmp_path: Path, how: str) -> None:
    with running(tmp_path, "failing.py", "job", how) as service:
        service.until_noted("fails", times=3)
        status = service.stopped()

    assert len(service.records("job.failed")) >= 2
    assert status == 0


@pytest.mark.parametrize("how", ["raises", "gives-up"])
@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("run", "run"),
        ("vital-job", "job vital"),
        ("child", "child of two"),
        ("child-again", "child of two"),
    ],
)
def test_what_the_service_cannot_do_without_ends_it_with_a_report(
    tmp_path: Path, place: str, where: str, how: str
) -> None:
    with running(tmp_path, "failing.py", place, how) as service:
        status = service.ended()

    assert status == CRASHED, service.said
    assert service.noted[-1] == "closed"
    assert {each["where"] for each in service.crashes} == {where}
    kind = {"raises": "ValueError", "gives-up": "CancelledError"}[how]
    assert service.crashes[0]["error"]["kind"].endswith(kind)
    (crashed,) = service.records("service.crashed")
    assert crashed["where"] == where
    assert service.noted.count("fails") == (6 if place == "child-again" else 1)


@pytest.mark.parametrize("place", ["run", "job", "child", "on_stop", *HOOKS])
def test_who_asks_for_an_end_gets_it_in_order_and_with_his_status(
    tmp_path: Path, place: str
) -> None:
    with running(tmp_path, "failing.py", place, "exits") as service:
        service.until_said("running")
        for word in HOOKS.get(place, []):
            service.tell(word)
        status = service.stopped() if place == "on_stop" else service.ended()

    assert status == 7, service.said
    assert service.noted[-1] == "closed"
    assert service.crashes == []


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("thread", "thread stray"),
        ("task", "task stray"),
        ("callback", "callback"),
        ("finalizer", "finalizer"),
    ],
)
def test_an_error_that_nobody_waits_for_is_reported_and_the_service_goes_on(
    tmp_path: Path, place: str, where: str
) -> None:
    with running(tmp_path, "failing.py", place, "raises") as service:
        service.until(lambda: service.crashes, "a crash is reported")
        before = service.noted.count("tick")
        service.until_noted("tick", times=before + 3)
        status = service.stopped()

    assert status == 0
    (crash,) = service.crashes
    assert crash["where"].startswith(where)
    assert service.records("error.uncaught") != []
    assert service.records("crash.reported") != []
