"""What a definition may not say on Windows, and where that is told: by whoever reads it first."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.cli.main import main
from svcctl.errors import SpecError
from svcctl.spec.load import load_files

HEAD = "[services.web]\nexec = ['app']\n"


def mistakes(folder: Path, text: str, *, windows: bool = True) -> list[str]:
    path = folder / "svcctl.toml"
    path.write_text(HEAD + text + "\n")
    try:
        load_files([path], environ={}, windows=windows)
    except SpecError as error:
        return [f"{each.line}:{each.column} {each.problem}" for each in error.mistakes]
    return []


@pytest.mark.parametrize("manager", ["", 'manager = "agent"\n', 'manager = "scm"\n'])
def test_signals_windows_lacks_are_refused_whoever_keeps_the_service(
    tmp_path: Path, manager: str
) -> None:
    line = 3 + manager.count("\n")

    found = mistakes(tmp_path, f'{manager}reload.signal = "HUP"\nstop.signal = "QUIT"')

    assert found == [
        f"{line}:17 Windows has no signals to reload by",
        f"{line + 1}:15 Windows has no signal 'QUIT' to stop a program with",
    ]


def test_a_step_of_a_sequence_is_told_by_its_place(tmp_path: Path) -> None:
    text = 'stop.sequence = [{ signal = "TERM" }, { signal = "USR1", timeout = "3s" }]'

    (found,) = mistakes(tmp_path, text)

    assert found == "3:50 Windows has no signal 'USR1' to stop a program with"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'stop.signal = "INT"',
        'stop.signal = "WM_CLOSE"',
        'stop.sequence = [{ exec = ["x"] }, { signal = "KILL" }]',
        'manager = "systemd"\nreload.signal = "HUP"\nstop.signal = "QUIT"',
    ],
)
def test_what_windows_has_or_is_not_for_windows_is_good(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []


def test_elsewhere_such_signals_are_as_good_as_any(tmp_path: Path) -> None:
    assert mistakes(tmp_path, 'reload.signal = "HUP"\nstop.signal = "QUIT"', windows=False) == []


def test_check_says_so_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "svcctl.toml"
    path.write_text(f'{HEAD}reload.signal = "HUP"\n')
    monkeypatch.setattr("svcctl.cli.definitions.native_manager", lambda: "scm")

    assert main(["check", str(path)]) == 78

    assert f"{path}:3:17: Windows has no signals to reload by" in capsys.readouterr().err
