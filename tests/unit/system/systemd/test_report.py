"""The words of sd_notify(3), as they arrive in a real socket."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from svcctl.ports import HostPhase
from svcctl.system.systemd.report import SystemdReport, watchdog_interval

pytestmark = pytest.mark.posix


@pytest.fixture(params=["file", "abstract"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Give the address systemd would listen at, and what listens there."""
    is_file = request.param == "file"
    name = str(tmp_path / "notify") if is_file else f"@svcctl-{os.getpid()}-{tmp_path.name}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listener:
        listener.bind(name if is_file else f"\0{name[1:]}")
        listener.settimeout(60.0)
        yield name, listener


def heard(listener: socket.socket) -> list[str]:
    return listener.recv(4096).decode().split("\n")


def test_a_start_asks_for_time_until_it_is_ready_once(door: tuple[str, socket.socket]) -> None:
    address, listener = door
    report = SystemdReport({"NOTIFY_SOCKET": address})

    report.tell(HostPhase.STARTING, text="starting:\n wait", within=15.0)
    report.tell(HostPhase.RUNNING, text="running")
    report.tell(HostPhase.PAUSED, text="paused")
    report.tell(HostPhase.RUNNING, text="running")

    assert heard(listener) == ["STATUS=starting: wait", "EXTEND_TIMEOUT_USEC=15000000"]
    assert heard(listener) == ["STATUS=running", "READY=1"]
    assert heard(listener) == ["STATUS=paused"]
    assert heard(listener) == ["STATUS=running"]


def test_a_stop_is_told_and_asks_for_time(door: tuple[str, socket.socket]) -> None:
    address, listener = door

    SystemdReport({"NOTIFY_SOCKET": address}).tell(HostPhase.STOPPING, text="stopping", within=2.5)

    assert heard(listener) == ["STATUS=stopping", "EXTEND_TIMEOUT_USEC=2500000", "STOPPING=1"]


def test_a_reload_is_told_with_its_time_and_then_as_over(door: tuple[str, socket.socket]) -> None:
    address, listener = door
    report = SystemdReport({"NOTIFY_SOCKET": address})

    report.reloading(over=False)
    report.reloading(over=True)

    word, at = heard(listener)
    assert word == "RELOADING=1"
    assert int(at.removeprefix("MONOTONIC_USEC=")) > 0
    assert heard(listener) == ["READY=1"]


def test_a_service_says_where_it_takes_requests(door: tuple[str, socket.socket]) -> None:
    address, listener = door

    SystemdReport({"NOTIFY_SOCKET": address}).found_at("/run/e/mailer.sock")

    assert heard(listener) == ["X_SVCCTL_ENDPOINT=/run/e/mailer.sock"]


def test_a_sign_of_life_is_one_word(door: tuple[str, socket.socket]) -> None:
    address, listener = door

    SystemdReport({"NOTIFY_SOCKET": address}).ping()

    assert heard(listener) == ["WATCHDOG=1"]


def test_nobody_who_listens_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        SystemdReport({}).ping()
        silent = list(caplog.records)
        SystemdReport({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ping()

    assert silent == []
    assert [each.message for each in caplog.records] == ["systemd.deaf"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_signs_of_life_are_due_twice_as_often_as_systemd_wants_them(
    environ: dict[str, str], expected: float | None
) -> None:
    assert watchdog_interval(environ) == expected
