"""Why a service of ours does not start."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.system.windows.launched import launched
from svcctl.system.windows.scm_status import ScmStatus
from svcctl.system.windows.service_status import State
from svcctl.system.windows.silent_start import Start, facts, profile_of, reasons

PYTHON = r"C:\Python311\python.exe"
SCRIPT = r"C:\Python311\Lib\site-packages\svcctl\server\host.py"
STOPPED = ScmStatus(state=State.STOPPED)


def start(python: str = PYTHON, **known: Any) -> Start:
    found = launched("web", f'"{python}" -I -S {SCRIPT} web', is_file=lambda _: True)
    assert found is not None
    return Start(**{"launched": found, "account": r"NT SERVICE\web", "status": STOPPED, **known})


def problems(*given: Any, **known: Any) -> list[str]:
    found = list(reasons(start(*given, **known)))
    assert all(each.hint and each.why and each.service == "web" for each in found)
    return [each.problem for each in found]


def test_nothing_is_wrong_with_a_sound_service() -> None:
    assert problems() == []


def test_an_interpreter_or_a_host_that_is_gone_is_told() -> None:
    assert problems(has_program=False) == [f"its interpreter '{PYTHON}' does not exist"]
    assert problems(has_script=False) == [f"its host '{SCRIPT}' does not exist"]


BOBS = r"C:\Users\bob\AppData\Local\Programs\Python\Python311\python.exe"


@pytest.mark.parametrize("account", [r"NT SERVICE\web", r".\alice", r"NT AUTHORITY\LocalService"])
def test_a_python_in_somebody_elses_profile_cannot_be_read(account: str) -> None:
    (problem,) = problems(BOBS, account=account)

    assert problem.endswith("is in the profile of bob")


@pytest.mark.parametrize("account", ["LocalSystem", r".\Bob", "bob@example.org"])
def test_the_owner_and_the_system_read_a_profile(account: str) -> None:
    assert problems(BOBS, account=account) == []


@pytest.mark.parametrize("path", [r"C:\Users\Public\p.exe", r"C:\Users\p.exe", r"C:\Userspace\a\p"])
def test_not_all_that_looks_so_is_in_a_profile(path: str) -> None:
    assert profile_of(path, r"C:\Users") == ""


def test_the_python_of_a_virtual_environment_is_told_with_where_its_home_stands() -> None:
    (found,) = reasons(start(r"C:\env\Scripts\python.exe", redirected=True))

    assert "virtual environment" in found.problem
    assert found.hint.endswith(r'findstr home "C:\env\pyvenv.cfg"')


def test_a_registration_that_cannot_be_read_is_told() -> None:
    assert problems(trouble="no native service 'web'") == ["no native service 'web'"]


def test_a_short_patience_of_windows_is_told() -> None:
    (found,) = reasons(start(patience=5000))

    assert "only 5000 ms" in found.problem
    assert found.hint.endswith("/d 30000 /f")


def test_an_end_by_error_1066_is_told_with_what_its_code_means() -> None:
    status = ScmStatus(state=State.STOPPED, exit_code=1066, specific_code=0xC0000135)

    (found,) = reasons(start(status=status, log=("starting", "no such module", "")))

    assert found.problem == (
        "it ended with code 0xC0000135 (error 1066): a DLL it needs was not found"
    )
    assert found.why == "its host said last: no such module"


def test_a_host_that_never_spoke_is_told() -> None:
    (found,) = reasons(start(status=ScmStatus(state=State.STOPPED, exit_code=1053)))

    assert "error 1053" in found.problem
    assert found.why == "its host wrote nothing at all"


@pytest.mark.parametrize("state", [State.RUNNING, State.START_PENDING])
def test_what_runs_has_not_ended(state: State) -> None:
    assert problems(status=ScmStatus(state=state, exit_code=1066, specific_code=1)) == []


@pytest.mark.parametrize("options", [{}, {"windows": {"privileges": ["SeChangeNotifyPrivilege"]}}])
def test_the_might_of_the_system_without_need_is_told(options: dict[str, object]) -> None:
    (found,) = reasons(start(account="LocalSystem", spec={"exec": ["app"], **options}))

    assert "runs as LocalSystem" in found.problem
    assert not found.grave


@pytest.mark.parametrize(
    "options", [{"priority": "realtime"}, {"privileges": []}, {"privileges": ["SeTcbPrivilege"]}]
)
def test_who_asks_for_what_only_the_system_has_needs_it(options: dict[str, object]) -> None:
    assert problems(account="LocalSystem", spec={"exec": ["app"], "windows": options}) == []


def test_all_that_is_known_of_a_start_is_given_for_one_service() -> None:
    found = {each.name: each.text for each in facts(start(log=("a", "b")))}

    assert found["account"] == r"NT SERVICE\web"
    assert found["patience"] == "Windows waits 30 s for its first word"
    assert found["host.log"] == "a\nb"
