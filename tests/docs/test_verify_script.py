"""The script for a real Windows: what can be tried of it without one."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from svcctl.cli.commands import svcctl
from svcctl.cli.main import main

CALL = re.compile(r"Invoke-Svcctl (\w+(?: [-$\w]+)*)")
VALUES = {"$Name": "svcctl-verify", "$file": "svcctl.toml"}


@pytest.fixture(scope="module")
def script(root: Path) -> str:
    """The script; PowerShell 5.1 takes what is not ASCII for another encoding."""
    return (root / "tools" / "verify-windows.ps1").read_text(encoding="ascii")


def here_string(script: str, name: str) -> str:
    found = re.search(rf"^\${name} = @'\n(.*?)\n'@$", script, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_its_program_is_python(script: str) -> None:
    compile(here_string(script, "Program"), "program.py", "exec")


def test_its_definition_has_no_mistake(script: str, tmp_path: Path) -> None:
    text = here_string(script, "Definition")
    for place, path in (
        ("PYTHON", r"C:\Python\python.exe"),
        ("WORK", r"C:\a b"),
        ("MARK", r"C:\m"),
    ):
        text = text.replace(f"@{place}@", path)
    (tmp_path / "svcctl.toml").write_text(text)

    assert main(["check", str(tmp_path / "svcctl.toml")]) == 0


def test_svcctl_takes_every_command_it_gives(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "svcctl.toml").touch()
    context = click.Context(svcctl, info_name="svcctl")

    calls = [found.split() for found in CALL.findall(script)]

    assert calls
    for verb, *words in calls:
        command = svcctl.get_command(context, verb)
        assert command is not None, verb
        command.make_context(verb, [VALUES.get(word, word) for word in words], parent=context)


def test_its_page_names_the_service_it_installs(script: str, root: Path) -> None:
    page = (root / "docs" / "windows-testing.md").read_text(encoding="utf-8")
    (name,) = re.findall(r"^\$Name = '(.+)'$", script, re.MULTILINE)

    assert f'$name = "{name}"' in page
