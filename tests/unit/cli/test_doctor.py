"""``svcctl doctor`` about services of Windows, wherever it runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from svcctl.bootstrap.doctor import Report
from svcctl.bootstrap.local import Paths
from svcctl.cli import doctor, machine_checks
from svcctl.cli.main import main
from svcctl.errors import Denied
from svcctl.system.windows.finding import Fact, Finding

Captured = pytest.CaptureFixture[str]

LOOSE = Finding(
    service="web",
    problem="its path has blanks and no quotes",
    why="Windows has to guess",
    hint="sc.exe config web",
    grave=False,
)
BROKEN = Finding(
    service="web", problem="it is gone", why="it was deleted", hint="put it back", grave=True
)
LOG = Fact(service="web", name="host.log", text="first\nlast")


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch, home: object) -> None:
    """Have the command think it runs on Windows."""
    del home
    for module in (doctor, machine_checks):
        monkeypatch.setattr(module, "on_windows", lambda: True)
    monkeypatch.setattr(machine_checks, "who_else_may_change", lambda _: ((), ""))


def finds(monkeypatch: pytest.MonkeyPatch, report: Report) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    def native_report(paths: Paths, names: Sequence[str] = ()) -> Report:
        del paths
        asked.append(tuple(names))
        return report

    monkeypatch.setattr(doctor, "native_report", native_report)
    return asked


def test_every_finding_is_told_with_why_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    finds(monkeypatch, Report(services=9, findings=(LOOSE,)))

    assert main(["doctor"]) == 0

    told = capsys.readouterr().out
    assert (
        "web: its path has blanks and no quotes\nwhy: Windows has to guess\n"
        "hint: sc.exe config web\n"
    ) in told
    assert "memory limits" not in told
    assert "open files" not in told


def test_a_grave_finding_fails(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    finds(monkeypatch, Report(services=9, findings=(LOOSE, BROKEN)))

    assert main(["doctor", "-o", "json"]) == 1

    found = [each for each in json.loads(capsys.readouterr().out) if each["name"] == "web"]
    assert [each["verdict"] for each in found] == ["warn", "fail"]
    assert found[1]["why"] == "it was deleted"


def test_names_leave_everything_else_out(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    asked = finds(monkeypatch, Report(services=1, facts=(LOG,)))

    assert main(["doctor", "web"]) == 0

    told = capsys.readouterr().out
    assert asked == [("web",)]
    assert "python" not in told
    assert "1 looked at, nothing wrong" in told
    assert told.endswith("web: host.log:\nfirst\nlast\n")


def test_services_we_may_not_list_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def refused(*_: object) -> Report:
        raise Denied("the services cannot be listed", hint="be an administrator")

    monkeypatch.setattr(doctor, "native_report", refused)

    assert main(["doctor"]) == 0

    assert "hint: services: be an administrator" in capsys.readouterr().out


def test_a_folder_others_may_change_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        machine_checks, "who_else_may_change", lambda _: (("Users", "Guests"), "icacls")
    )

    found = machine_checks.folder_check("state", tmp_path)

    assert found.verdict is machine_checks.Verdict.WARN
    assert found.found.endswith("can be written by Users and Guests")
    assert found.hint == "icacls"


def test_elsewhere_single_services_are_not_examined(
    capsys: Captured,
) -> None:
    assert main(["doctor", "web"]) == 78

    assert "single services can be examined on Windows only" in capsys.readouterr().err
