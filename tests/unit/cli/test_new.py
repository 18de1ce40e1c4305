"""``new``: a project is written whole or not at all, and never over what is there."""

from __future__ import annotations

import ast
import json
import os
import tomllib
from pathlib import Path

import pytest

from svcctl.cli.main import main
from svcctl.cli.skeleton.project import project
from svcctl.cli.skeleton.writing import write_all
from svcctl.errors import SystemFault, UsageError

Captured = pytest.CaptureFixture[str]

FILES = [
    *(".gitignore", "Dockerfile", "README.md", "mailer.py", "mailer.toml", "pyproject.toml"),
    *("svcctl.toml", "test_mailer.py"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_project_is_written_into_a_folder_of_its_name(folder: Path, capsys: Captured) -> None:
    status = main(["new", "mailer"])

    told = capsys.readouterr()
    assert status == 0
    assert sorted(os.listdir(folder / "mailer")) == FILES
    assert told.out.splitlines() == [f"wrote {Path('mailer') / each}" for each in FILES]
    assert told.err == "next: cd mailer, pytest, then python mailer.py\n"


def test_json_says_what_was_written_and_where(capsys: Captured) -> None:
    main(["new", "mailer", "--dir", "services/post", "--app", "-o", "json"])

    made = json.loads(capsys.readouterr().out)
    written = {"name": "mailer", "folder": str(Path("services/post")), "files": FILES}
    assert made == {**written, "written": True}
    assert "App(" in Path("services/post/mailer.py").read_text()


def test_a_dry_run_says_the_same_and_writes_nothing(folder: Path, capsys: Captured) -> None:
    main(["new", "mailer", "--dry-run"])

    assert f"would write {Path('mailer/mailer.py')}" in capsys.readouterr().out
    assert os.listdir(folder) == []


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["written", "dry run"])
def test_nothing_is_written_where_one_of_the_files_is(
    folder: Path, dry: list[str], capsys: Captured
) -> None:
    (folder / "mailer.py").write_text("mine")

    status = main(["new", "mailer", "--dir", ".", *dry])

    assert status == 1
    assert "there is already mailer.py in '.'" in capsys.readouterr().err
    assert os.listdir(folder) == ["mailer.py"]
    assert (folder / "mailer.py").read_text() == "mine"


def test_force_replaces_the_files_of_the_project_and_leaves_others_alone(folder: Path) -> None:
    (folder / "mailer.py").write_text("mine")
    (folder / "notes").write_text("mine too")

    assert main(["new", "mailer", "--dir", ".", "--force"]) == 0

    assert "class Mailer" in (folder / "mailer.py").read_text()
    assert (folder / "notes").read_text() == "mine too"


def test_what_cannot_be_written_whole_leaves_nothing_behind(folder: Path) -> None:
    files = {"a.txt": "new", "b.txt": "new"}

    with pytest.raises(SystemFault, match="cannot be written"):
        write_all(folder / "deep" / "down", {**files, "no/such/folder.txt": ""}, force=False)

    assert os.listdir(folder) == []


def test_what_was_replaced_is_back_where_the_rest_cannot_be_written(folder: Path) -> None:
    (folder / "a.txt").write_text("old")
    (folder / "b.txt").mkdir()

    with pytest.raises(SystemFault, match="cannot be written"):
        write_all(folder, {"a.txt": "new", "b.txt": "new"}, force=True)

    assert (folder / "a.txt").read_text() == "old"
    assert sorted(os.listdir(folder)) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Mailer!", "'Mailer!' is no name of a service"),
        ("email", "the module 'email' would hide another one"),
        ("svcctl", "the module 'svcctl' would hide another one"),
        ("service", "the module 'service' would hide another one"),
        ("7-up", "'7-up' makes no name of a Python module"),
        ("class", "'class' makes no name of a Python module"),
    ],
)
def test_a_name_that_makes_no_module_of_its_own_is_refused(
    folder: Path, name: str, problem: str, capsys: Captured
) -> None:
    assert main(["new", name]) == 2

    assert problem in capsys.readouterr().err
    assert os.listdir(folder) == []


@pytest.mark.parametrize("as_app", [False, True], ids=["class", "app"])
@pytest.mark.parametrize("name", ["mailer", "order-mailer.2", "a_b"])
def test_all_that_is_written_can_be_read(name: str, as_app: bool) -> None:
    files = project(name, as_app=as_app)

    module = name.replace("-", "_").replace(".", "_")
    for each in (f"{module}.py", f"test_{module}.py"):
        ast.parse(files[each])
    for each in ("pyproject.toml", "svcctl.toml", f"{name}.toml"):
        tomllib.loads(files[each])
    assert all(text.endswith("\n") for text in files.values())


def test_the_module_must_be_a_name() -> None:
    with pytest.raises(UsageError):
        project("___", as_app=False)
