"""The command line against the real SCM: installed, changed, run, listed and gone without a trace.

What this Wine refuses is made up for by :mod:`tests.system.windows.scm_lab`, and only there.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.bootstrap import windows_native
from svcctl.cli.main import main
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from tests.system.windows.scm_lab import WatchedAdvapi32

NAME = f"svcctl-cli-{os.getpid()}"
PROGRAM = "import time\nprint('serving', flush=True)\nwhile True:\n    time.sleep(60)\n"

Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.slow


@pytest.fixture
def scm(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScmDatabase]:
    """Give the SCM, which svcctl now reaches through watched calls."""
    watched = WatchedAdvapi32()

    def database() -> ScmDatabase:
        return ScmDatabase(ScmApi(watched))

    monkeypatch.setattr(windows_native, "ScmDatabase", database)
    found = database()
    yield found
    for name in (NAME, f"{NAME}-2"):
        if found.exists(name):
            found.delete(name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a blank in its name, and in it a program; svcctl is at home beside it."""
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path / "home"))
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "app.py").write_text(PROGRAM)
    shutil.copy(sys.executable, folder / "unused.exe")
    return folder


def install(place: Path, *more: str) -> int:
    command = f'"{sys.executable}" "{place / "app.py"}"'
    return main(["install", NAME, "--manager", "scm", "--exec", command, *more])


def test_a_dry_run_shows_every_setting_and_creates_nothing(
    scm: ScmDatabase, place: Path, capsys: Captured
) -> None:
    assert install(place, "--dry-run", "--start", "delayed") == 0

    told = capsys.readouterr().out
    assert f"{NAME}: would be created, kept by scm" in told
    assert f"  set service {NAME}: start = delayed" in told
    assert rf"  set service {NAME}: account = NT SERVICE\{NAME}" in told
    assert not scm.exists(NAME)


def test_a_service_is_installed_changed_run_and_removed(
    scm: ScmDatabase, place: Path, capsys: Captured
) -> None:
    assert install(place, "--description", "a") == 0
    assert capsys.readouterr().out == f"{NAME}: created, kept by scm\n"

    assert install(place, "--description", "a") == 0
    assert capsys.readouterr().out == f"{NAME}: unchanged\n"

    assert install(place, "--description", "b", "--now") == 0
    told = capsys.readouterr().out
    assert f'{NAME}: changed: description "a" -> "b"' in told
    assert f"{NAME} is running (pid " in told
    assert scm.read(NAME).description == "b"

    assert main(["status", NAME, "--json"]) == 0
    (status,) = json.loads(capsys.readouterr().out)
    assert (status["phase"], status["manager"], status["enabled"]) == ("running", "scm", True)

    assert main(["uninstall", NAME, "--logs", "--yes"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{NAME}: removed\n")
    assert not scm.exists(NAME)
    assert not list((place.parent / "home" / "state" / "native").glob("*.json"))


def test_a_table_installs_what_it_can_and_leaves_nothing_of_what_it_cannot(
    scm: ScmDatabase, place: Path, capsys: Captured
) -> None:
    table = place / "services.csv"
    table.write_text(
        "name,path,Start Type,manager,account\n"
        f"{NAME},{place}\\unused.exe --serve,Manual,scm,\n"
        f"{NAME}-2,{place}\\unused.exe --serve,Automatic,scm,NOBODY\\nobody\n"
    )

    assert main(["install", "--csv", str(table)]) == 8

    told = capsys.readouterr()
    assert f"{NAME}: created, kept by scm\n" in told.out
    assert f"failed: {NAME}-2: " in told.err
    assert scm.exists(NAME)
    assert not scm.exists(f"{NAME}-2")
    registered = (place.parent / "home" / "state" / "native").glob("*.json")
    assert [each.stem for each in registered] == [NAME]

    assert main(["show", NAME, "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["spec"]["exec"] == [f"{place}\\unused.exe", "--serve"]
