"""What Windows starts for a service, told from its command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.system.windows.launched import Launched, launched

APP = r"C:\Program Files\My App\app.exe"


def files(*paths: str) -> Callable[[str], bool]:
    return lambda path: path in paths


def taken(command: str, *paths: str) -> Launched:
    found = launched("web", command, is_file=files(*paths))
    assert found is not None
    return found


def test_a_path_without_quotes_lets_windows_try_each_beginning() -> None:
    found = taken(f"{APP} --port 80", APP)

    assert found.program == APP
    assert found.arguments == ("--port", "80")
    assert found.tried_first == (r"C:\Program.exe", r"C:\Program Files\My.exe")


def test_a_path_without_quotes_is_seen_even_where_the_program_is_gone() -> None:
    assert taken(f"{APP} --port 80").program == APP


@pytest.mark.parametrize(
    "command", [f'"{APP}" --port 80', r"C:\Windows\system32\svchost.exe -k netsvcs", r"C:\app.exe"]
)
def test_with_quotes_or_without_blanks_nothing_is_tried_first(command: str) -> None:
    assert taken(command).tried_first == ()


def test_a_suffix_is_added_as_windows_adds_it() -> None:
    found = taken(r"C:\Program Files\app", r"C:\Program Files\app.exe")

    assert found.program == r"C:\Program Files\app.exe"
    assert found.tried_first == (r"C:\Program.exe",)


def test_a_host_of_ours_is_known_by_its_script() -> None:
    script = r"C:\Python311\Lib\site-packages\svcctl\server\host.py"

    found = taken(rf'"C:\Python311\python.exe" -I -S {script} --home "D:\my home" web')

    assert found.host is not None
    assert (found.host.script, found.host.home) == (script, r"D:\my home")
    assert not found.host.system


@pytest.mark.parametrize("arguments", ["-m http.server", r"C:\app\serve\host.py web"])
def test_any_other_python_is_no_host_of_ours(arguments: str) -> None:
    assert taken(rf"C:\Python311\python.exe {arguments}").host is None


@pytest.mark.parametrize("command", ["", "   ", '"C:\\never closed'])
def test_what_is_no_command_starts_nothing(command: str) -> None:
    assert launched("web", command, is_file=files()) is None


@given(st.text(alphabet='C:\\ab "./%-\t') | st.text())
def test_any_text_is_taken_apart_or_refused(command: str) -> None:
    found = launched("web", command, is_file=files())

    assert found is None or found.program
