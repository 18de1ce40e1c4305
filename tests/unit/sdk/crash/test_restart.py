"""A service that starts itself again does so as it was started, and not for ever."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Conflict, NotAvailable, SpecError, UsageError
from svcctl.sdk.crash import restart as restarting
from svcctl.sdk.crash.exit_status import exit_status
from svcctl.sdk.crash.program import Program, again, described, environment_for, this_program
from svcctl.sdk.crash.restart import RESTART_WANTED, run_again, take_listeners
from svcctl.sdk.crash.restarts import Allowance, Restart, Restarts, recent
from svcctl.testing.fakes import FakeClock

PROGRAM = Program(executable="/usr/bin/python3", argv=("/usr/bin/python3", "mailer.py"), folder="/")


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["python", "mailer.py", "run"], "mailer.py"),
        (["python", "-X", "dev", "-W", "error", "mailer.py", "run"], "mailer.py"),
        (["python", "-B", "-m", "shop.mailer", "run"], "-m shop.mailer"),
        (["python", "-c", "import mailer"], "-c"),
        (["/opt/mailer"], "/usr/bin/python3"),
    ],
)
def test_a_program_is_run_again_as_it_was_started(argv: list[str], shown: str) -> None:
    found = again("/usr/bin/python3", argv)

    assert found == ("/usr/bin/python3", *argv[1:])
    assert described(Program(executable=found[0], argv=found, folder="/")) == shown


def test_this_program_is_the_one_that_runs() -> None:
    found = this_program()

    assert found.executable == sys.executable
    assert found.argv[1:] == tuple(sys.orig_argv[1:])
    assert found.folder == str(Path.cwd())


def test_sockets_are_announced_as_sd_listen_fds_has_it() -> None:
    environ = {"PATH": "/bin", "LISTEN_FDS": "9", "LISTEN_PID": "1", "LISTEN_FDNAMES": "a"}

    assert environment_for(environ, pid=7, listeners=2) == {
        "PATH": "/bin",
        "LISTEN_FDS": "2",
        "LISTEN_PID": "7",
    }
    assert environment_for(environ, pid=7, listeners=0) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    "given_", [{"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "x"}, {}]
)
def test_sockets_for_another_process_are_not_taken(given_: dict[str, str]) -> None:
    environ = {"LISTEN_PID": str(os.getpid()), "PATH": "/bin", **given_}

    assert take_listeners(environ) == ()
    assert environ == {"PATH": "/bin"}


def test_on_windows_the_manager_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "replaces_programs", lambda: False)

    assert run_again(PROGRAM) == RESTART_WANTED
    with socket.socket() as listener, pytest.raises(Conflict, match="Windows"):
        run_again(PROGRAM, keep=[listener])


def test_what_was_noted_survives(tmp_path: Path) -> None:
    clock = FakeClock(now=1000)
    Restarts(str(tmp_path), clock=clock).note("new code")

    assert Restarts(str(tmp_path), clock=clock).past() == (Restart(at=1000, reason="new code"),)


def test_too_many_restarts_in_a_row_are_refused_until_time_has_passed(tmp_path: Path) -> None:
    clock = FakeClock()
    restarts = Restarts(str(tmp_path), clock=clock, allowance=Allowance(most=3, window=60))
    for number in range(3):
        restarts.note(f"reason {number}")
        clock.forward(10)

    with pytest.raises(Conflict, match="3 within 1m, the last for 'reason 2'"):
        restarts.note("one more")
    clock.forward(31)
    restarts.note("one more")

    assert [each.reason for each in restarts.past()][-1] == "one more"


@given(
    ages=st.lists(st.floats(-1000, 1000), max_size=10),
    window=st.floats(1, 500),
)
def test_what_is_too_old_or_in_the_future_does_not_count(ages: list[float], window: float) -> None:
    past = [Restart(at=5000 - age, reason="") for age in ages]

    counted = recent(past, Allowance(window=window), now=5000)

    assert all(0 <= 5000 - each.at < window for each in counted)
    assert len(counted) == sum(0 <= 5000 - each.at < window for each in past)


@pytest.mark.parametrize("damage", ["", "[", "{}", '[{"at": "x"}]', "[7]", '{"a": 1}'])
def test_a_damaged_file_holds_no_restarts(tmp_path: Path, damage: str) -> None:
    (tmp_path / "restarts.json").write_text(damage)
    restarts = Restarts(str(tmp_path), clock=FakeClock())

    assert restarts.past() == ()
    restarts.note("fine")
    assert len(restarts.past()) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 0),
        (ValueError(), 70),
        (UsageError("x"), 70),
        (SpecError("x"), 78),
        (NotAvailable("x"), 78),
        (ExceptionGroup("g", [SpecError("x")]), 78),
        (ExceptionGroup("g", [SpecError("x"), ValueError()]), 70),
        (ExceptionGroup("g", [ExceptionGroup("h", [ValueError()])]), 70),
        (SystemExit(), 0),
        (SystemExit(5), 5),
        (SystemExit("text"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_status_tells_the_manager_whether_to_try_again(
    error: BaseException | None, status: int
) -> None:
    assert exit_status(error) == status
