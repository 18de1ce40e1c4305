"""``svcctl doctor`` on services of the real SCM: sloppy ones, and hosts that cannot start."""

from __future__ import annotations

import _ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import svcctl
from svcctl.bootstrap.doctor import Report, native_report
from svcctl.errors import Conflict
from svcctl.system.paths import find_paths
from svcctl.system.windows.look import WindowsLook, access_list
from svcctl.system.windows.scm_api import START, OwnSettings, ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from svcctl.system.windows.security import protect
from svcctl.system.windows.writable import who_may_change
from tests.system.windows.waiting import PATIENCE

NAME = f"svcctl-doctor-{os.getpid()}"
HOST = str(Path(svcctl.__file__).parent / "server" / "host.py")
DEMAND_START, ERROR_NORMAL = 3, 1
pytestmark = pytest.mark.slow

Create = Callable[[str], None]


@pytest.fixture
def create() -> Iterator[Create]:
    """Give what creates the service by the calls themselves, with any command line."""
    api, database = ScmApi(), ScmDatabase()

    def create_service(command: str) -> None:
        own = OwnSettings(
            start=DEMAND_START,
            error_control=ERROR_NORMAL,
            command=command,
            account="LocalSystem",
            display_name=NAME,
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with api.create(NAME, START, own):
                    return
            except Conflict as error:  # the service of the test before is not all gone
                if "1072" not in error.problem or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    yield create_service
    if database.exists(NAME):
        database.delete(NAME)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a home of svcctl's own."""
    path = str(tmp_path / "home")
    monkeypatch.setenv("SVCCTL_HOME", path)
    return path


def examined(home: str) -> Report:
    return native_report(find_paths({"SVCCTL_HOME": home}), (NAME,))


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "svcctl", "doctor", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_path_without_quotes_is_found(create: Create, home: str, tmp_path: Path) -> None:
    program = tmp_path / "my app" / "app.exe"
    program.parent.mkdir()
    shutil.copy(sys.executable, program)
    create(f"{program} --serve")

    found = [each for each in examined(home).findings if "no quotes" in each.problem]

    assert [each.service for each in found] == [NAME]
    assert str(tmp_path / "my.exe") in found[0].why
    assert found[0].hint.startswith(f'sc.exe config "{NAME}" binPath= ')


def test_a_dll_that_is_nowhere_is_found(create: Create, home: str, tmp_path: Path) -> None:
    program = tmp_path / "app.exe"
    shutil.copy(_ctypes.__file__, program)
    create(f'"{program}"')

    found = [each.problem for each in examined(home).findings if "nowhere" in each.problem]

    (problem,) = found
    assert f"python{sys.version_info[0]}{sys.version_info[1]}.dll" in problem
    assert "KERNEL32" not in problem.upper()


def test_a_program_with_all_its_dlls_lacks_none(create: Create, home: str) -> None:
    create(f'"{sys.executable}"')

    assert [each for each in examined(home).findings if "nowhere" in each.problem] == []


def test_a_folder_everybody_may_write_to_is_found(
    create: Create, home: str, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    protect(str(folder), "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)")
    shutil.copy(sys.executable, folder / "app.exe")
    create(f'"{folder}\\app.exe"')

    problems = [each.problem for each in examined(home).findings]

    assert f"the folder '{folder}' can be changed by Everyone" in problems


def test_the_list_of_what_is_not_there_is_empty(tmp_path: Path) -> None:
    assert access_list(str(tmp_path / "nothing")) == ""
    assert access_list(str(tmp_path)).startswith("D:")
    assert who_may_change(access_list(os.environ["SystemRoot"]), folder=True) == ()  # noqa: SIM112


def test_an_interpreter_that_is_gone_is_found_with_the_registration_that_is(
    create: Create, home: str
) -> None:
    create(rf'"C:\nowhere\python.exe" -I -S "{HOST}" --home "{home}" {NAME}')

    problems = [each.problem for each in examined(home).findings if each.grave]

    assert r"its interpreter 'C:\nowhere\python.exe' does not exist" in problems
    assert any(each.startswith("its registration is missing in ") for each in problems)


def test_a_host_that_ended_is_told_with_its_code_and_last_words(create: Create, home: str) -> None:
    create(f'"{sys.executable}" -I -S "{HOST}" --home "{home}" {NAME}')
    database = ScmDatabase()
    database.start(NAME)
    assert database.await_stopped(NAME, within=PATIENCE)

    report = examined(home)

    (ended,) = [each for each in report.findings if "error 1066" in each.problem]
    assert ended.problem == ("it ended with code 4 (error 1066): svcctl has no registration of it")
    assert ended.why.startswith("its host said last: ")
    log = next(each.text for each in report.facts if each.name == "host.log")
    assert f"no native service '{NAME}'" in log


def test_the_command_tells_all_of_one_service(create: Create, home: str) -> None:
    create(f'"{sys.executable}" -I -S "{HOST}" --home "{home}" {NAME}')

    done = doctor(NAME)

    assert done.stderr == ""
    assert done.returncode == 1
    assert f"FAIL  {NAME} " in done.stdout or f"fail  {NAME} " in done.stdout
    assert f"hint: svcctl install {NAME}" in done.stdout
    assert f"{NAME}: patience" in done.stdout


def test_the_command_looks_at_the_machine_as_windows_has_it(home: str) -> None:
    Path(home).mkdir()

    done = doctor("-o", "json")

    checks: dict[str, Any] = {each["name"]: each for each in json.loads(done.stdout)}
    assert done.stderr == ""
    assert {"python", "clock", "config", "state", "run", "logs", "agent"} <= set(checks)
    assert not {"open files", "memory limits"} & set(checks)
    assert all(each["hint"] for each in checks.values() if each["verdict"] != "ok")


def test_a_service_nobody_knows_is_refused(home: str) -> None:
    del home

    done = doctor("svcctl-nobody")

    assert done.returncode == 4
    assert "Windows has no service 'svcctl-nobody'" in done.stderr


def test_what_is_looked_at_is_there() -> None:
    look = WindowsLook()

    assert look.imports(sys.executable) is not None
    assert look.imports(__file__) is None
    assert "kernel32.dll" in {each.casefold() for each in look.places(NAME, x86=False).known} | {
        "kernel32.dll" if look.is_file(r"C:\windows\system32\kernel32.dll") else ""
    }
    assert look.profiles()
    assert look.patience() > 0
