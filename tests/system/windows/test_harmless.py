"""One who serves others runs again with fewer rights, and looks whether that holds.

Wine 8 shows groups that count for denials alone, privileges that are gone, and a process that has
such a token.  It cannot show integrity (it calls every process high), nor that a job may have one
process; and it lets everybody open everything, whatever a token says.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.bootstrap import confining
from svcctl.errors import SystemFault
from svcctl.system.paths import Paths
from svcctl.system.windows import harmless, restricted
from svcctl.system.windows.restriction import MEDIUM, Standing, rights_left
from svcctl.system.windows.token import OWN, standing
from tests.system.windows.waiting import PATIENCE

ADMINISTRATORS, DENY_ONLY, ENABLED = "S-1-5-32-544", 0x10, 0x4

_SERVE = """
import os, sys
from dataclasses import replace
from svcctl.bootstrap.confining import hand_over
from svcctl.bootstrap.local import paths
from svcctl.system.windows.restriction import MEDIUM, rights_left
from svcctl.system.windows.token import OWN, standing

def state(group):
    return "denied" if group.attributes & 0x10 else "on" if group.attributes & 0x4 else "off"

held = standing(OWN)
told = {each.sid: state(each) for each in held.groups}
print(told.get("S-1-5-32-544"), len(held.privileges) > 1, flush=True)
status = hand_over(paths(), system=False)
if status is not None:
    sys.exit(status)
print(sys.argv[1:], sys.stdin.readline().strip(), os.environ["SVCCTL_HOME"], flush=True)
print([each.name for each in held.privileges], rights_left(replace(held, integrity=MEDIUM)))
print("to stderr", file=sys.stderr)
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "serve.py"
    path.write_text(_SERVE)
    return path


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "SVCCTL_HOME": str(home)}


@pytest.mark.slow
def test_a_command_runs_again_without_rights_and_with_all_that_it_had(
    program: Path, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, str(program), 'say "so"', "42"],
        input="what it is asked\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
        timeout=PATIENCE,
    )

    before, after, heard, rights = ran.stdout.splitlines()
    assert before == "on True"
    assert after == "denied False"
    assert heard == f"['say \"so\"', '42'] what it is asked {tmp_path}"
    assert rights == "['SeChangeNotifyPrivilege'] ()"
    assert ran.stderr == "to stderr\n"
    assert ran.returncode == 42
    assert (tmp_path / "state" / "front").is_dir()


@pytest.mark.slow
def test_an_exit_status_of_windows_is_handed_back_whole(program: Path, tmp_path: Path) -> None:
    crashed = 0xC000_0005

    ran = subprocess.run(
        [sys.executable, str(program), "-", str(crashed - (1 << 32))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        env=environment(tmp_path),
        timeout=PATIENCE,
    )

    assert ran.returncode == crashed


_LASTS = """
import os, sys, time
from svcctl.system.windows.restricted import run_restricted

if "AGAIN" not in os.environ:
    sys.exit(run_restricted([sys.executable, *sys.orig_argv[1:]], env={**os.environ, "AGAIN": "1"}))
try:
    print("serves", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("asked to stop", flush=True)
    sys.exit(3)
"""


@pytest.fixture
def lasting(tmp_path: Path) -> Path:
    path = tmp_path / "lasts.py"
    path.write_text(_LASTS)
    return path


def begin(program: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


@pytest.mark.slow
def test_ctrl_c_is_for_the_one_that_serves(lasting: Path) -> None:
    from svcctl.system.windows.console import CTRL_C, send_console_event

    with begin(lasting) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "serves\n"
        send_console_event(CTRL_C, [keeper.pid])

        assert keeper.stdout.readline() == "asked to stop\n"
        assert keeper.wait(PATIENCE) == 3


@pytest.mark.slow
def test_the_end_of_who_started_it_is_its_own(lasting: Path) -> None:
    with begin(lasting) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "serves\n"

        os.kill(keeper.pid, signal.SIGTERM)  # TerminateProcess

        assert keeper.stdout.read() == ""  # nobody has the other end any more


def test_a_program_that_cannot_be_run_again_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match="cannot be run with fewer rights"):
        restricted.run_restricted([str(tmp_path / "none.exe")], env=dict(os.environ))


def test_who_has_rights_left_does_not_serve() -> None:
    with pytest.raises(SystemFault, match=ADMINISTRATORS):
        confining.confine("")
    with pytest.raises(SystemFault, match=ADMINISTRATORS):
        confining.insist_on_account("")


def test_no_other_account_can_be_become() -> None:
    with pytest.raises(SystemFault, match="cannot become 'web'"):
        confining.insist_on_account("web")


@pytest.mark.parametrize(("processes", "lacking"), [(1, 0), (None, 1), (5, 1)])
def test_what_was_not_taken_is_told(
    monkeypatch: pytest.MonkeyPatch, processes: int | None, lacking: int
) -> None:
    harmless_one = Standing(user="S-1-5-19", groups=(), privileges=(), integrity=MEDIUM)
    monkeypatch.setattr(harmless, "standing", lambda _token: harmless_one)
    monkeypatch.setattr(harmless, "most_processes", lambda: processes)

    assert len(harmless.insist_on_harmless()) == lacking


def test_the_token_is_that_of_an_administrator_here() -> None:
    held = standing(OWN)

    assert any(each.sid == ADMINISTRATORS and each.attributes & ENABLED for each in held.groups)
    assert "it holds" in "; ".join(rights_left(held))


@pytest.mark.slow
def test_the_integrity_of_an_administrator_is_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine takes the call and forgets it: what Windows is asked is what counts."""
    asked: list[tuple[int, int]] = []

    class Recorded:
        def __getattr__(self, name: str) -> object:
            return getattr(calls, name)

        def SetTokenInformation(  # noqa: N802
            self, token: int, kind: int, value: bytes, size: int
        ) -> bool:
            asked.append((kind, len(value)))
            return bool(calls.SetTokenInformation(token, kind, value, size))

    calls = restricted._calls()
    monkeypatch.setattr(restricted, "_calls", Recorded)

    restricted.run_restricted([sys.executable, "-c", ""], env=dict(os.environ))

    default_access_list, integrity = (6, 8), (25, 16)
    assert asked == [default_access_list, integrity]


def test_a_front_has_a_folder_of_its_own(tmp_path: Path) -> None:
    home = str(tmp_path)
    where = Paths(config=home, state=rf"{home}\state", run=home, logs=home)

    folder = confining.state_folder(where, "")

    assert folder == rf"{home}\state\front"
    assert Path(folder).is_dir()


def test_a_folder_that_was_given_to_a_front_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", r"C:\ProgramData\svcctl-front")
    home = str(tmp_path)

    folder = confining.state_folder(Paths(config=home, state=home, run=home, logs=home), "")

    assert folder == r"C:\ProgramData\svcctl-front"
