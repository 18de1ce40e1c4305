"""Services of others are read from the real SCM and the real registry."""

from __future__ import annotations

import uuid
import winreg
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from svcctl.bootstrap.foreign import foreign_draft
from svcctl.errors import UnknownService
from svcctl.spec.native import ErrorControl
from svcctl.system.windows import scm_database
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_config import ScmConfig, ScmStart
from svcctl.system.windows.scm_database import ScmDatabase
from tests.system.windows.scm_lab import WatchedAdvapi32

SERVICES = r"SYSTEM\CurrentControlSet\Services"


class Installed:
    """A service somebody else installed; it and its keys are gone afterwards."""

    def __init__(self, command: str) -> None:
        self.name = f"SvcctlTest-{uuid.uuid4().hex[:8]}"
        self._scm = ScmDatabase(ScmApi(WatchedAdvapi32()))
        self._keys: list[str] = []
        config = ScmConfig(
            command=command,
            display_name=f"The {self.name}",
            description="of somebody else",
            start=ScmStart.MANUAL,
            account="LocalSystem",
            error_control=ErrorControl.NORMAL,
        )
        self._scm.create(self.name, config, password=None)

    def put(self, below: str, values: Mapping[str, tuple[int, Any]]) -> None:
        path = rf"{SERVICES}\{self.name}{below}"
        self._keys.append(path)
        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            for name, (kind, value) in values.items():
                winreg.SetValueEx(key, name, 0, kind, value)

    def remove(self) -> None:
        for path in sorted(self._keys, key=len, reverse=True):
            if not path.endswith(self.name):
                winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path)
        self._scm.delete(self.name)


@pytest.fixture(autouse=True)
def complete_scm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what Wine's SCM lacks answered, for whoever asks."""
    api = ScmApi(WatchedAdvapi32())
    monkeypatch.setattr(scm_database, "ScmApi", lambda: api)


@pytest.fixture
def nssm() -> Iterator[Installed]:
    made = Installed(r"C:\tools\nssm.exe")
    try:
        yield made
    finally:
        made.remove()


def test_a_service_of_nssm_is_read_with_its_exits_and_hooks(nssm: Installed) -> None:
    text, number, texts = winreg.REG_EXPAND_SZ, winreg.REG_DWORD, winreg.REG_MULTI_SZ
    nssm.put("", {"Environment": (texts, ["FROM=windows"])})
    nssm.put(
        r"\Parameters",
        {
            "Application": (text, r"%SystemRoot%\my app\app.exe"),
            "AppParameters": (text, '--name "a b"'),
            "AppRestartDelay": (number, 2000),
            "AppEnvironmentExtra": (texts, ["A=1", "B=two words"]),
        },
    )
    nssm.put(r"\Parameters\AppExit", {"": (winreg.REG_SZ, "Restart"), "0": (text, "Exit")})
    nssm.put(r"\Parameters\AppEvents", {})
    nssm.put(r"\Parameters\AppEvents\Start", {"Pre": (text, "check.exe --all")})
    nssm.put(r"\Parameters\AppEvents\Rotate", {"Post": (text, "mail.exe")})

    found = foreign_draft(nssm.name)

    root = winreg.ExpandEnvironmentStrings("%SystemRoot%")
    assert found.exec == (rf"{root}\my app\app.exe", "--name", "a b")
    assert found.cwd == rf"{root}\my app"
    assert found.env == {"FROM": "windows", "A": "1", "B": "two words"}
    assert found.options["restart.policy"] == "on-failure"
    assert found.options["restart.delay"] == "2000ms"
    assert found.options["hook.pre_start"] == [["check.exe", "--all"]]
    assert found.options["description"] == "of somebody else"
    assert "not carried over: AppEvents Rotate/Post = 'mail.exe'" in found.note


def test_any_other_service_keeps_its_own_command() -> None:
    made = Installed(r'"C:\Program Files\other\other.exe" -k net')
    try:
        found = foreign_draft(made.name)
    finally:
        made.remove()

    assert found.exec == (r"C:\Program Files\other\other.exe", "-k", "net")
    assert found.options["user"] == "LocalSystem"
    assert "it speaks to the SCM itself" in found.note


def test_a_name_nobody_knows_is_an_error() -> None:
    with pytest.raises(UnknownService):
        foreign_draft("svcctl-no-such-service")
