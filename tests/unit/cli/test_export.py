"""``export`` and ``host``: units without svcctl, and hosts by hand."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.system.registrations import Registration, Registrations

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder to be in, without a definition."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_unit_is_made_of_the_definition_in_this_folder(
    folder: Path, home: Path, capsys: Captured
) -> None:
    del home
    (folder / "svcctl.toml").write_text('[services.web]\nexec = "/usr/bin/app --serve"\n')

    assert main(["export", "systemd", "web"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert "ExecStart=/usr/bin/app --serve" in lines
    assert "svcctl" not in lines[-1]


def test_a_property_list_is_written_to_a_file(folder: Path, home: Path, capsys: Captured) -> None:
    del home
    (folder / "shop.toml").write_text('[services.web]\nexec = "/usr/bin/app"\n')

    assert main(["export", "launchd", "web", "-f", "shop.toml", "-o", "web.plist"]) == 0

    written = plistlib.loads((folder / "web.plist").read_bytes())
    assert written["ProgramArguments"] == ["/usr/bin/app"]
    assert capsys.readouterr().out == "wrote web.plist\n"


@pytest.mark.usefixtures("folder")
def test_what_is_installed_can_be_exported_without_its_file(agent: Any, capsys: Captured) -> None:
    spec = ServiceSpec(name="web", exec=("/usr/bin/app",))
    agent.says("show", [{"name": "web", "spec": canonical.effective(spec)}])

    assert main(["export", "systemd", "web"]) == 0

    assert "ExecStart=/usr/bin/app\n" in capsys.readouterr().out


def test_a_service_that_a_named_file_lacks_is_helped_with(
    folder: Path, home: Path, capsys: Captured
) -> None:
    del home
    (folder / "shop.toml").write_text('[services.web]\nexec = "/usr/bin/app"\n')

    assert main(["export", "systemd", "wbe", "-f", "shop.toml"]) == 4

    assert "no service 'wbe' in shop.toml\nhint: did you mean 'web'?" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_of(
    folder: Path, home: Path, capsys: Captured
) -> None:
    del home
    (folder / "svcctl.toml").write_text('[services.web]\nexec = "/usr/bin/app"\n')

    assert main(["export", "systemd", "web", "-o", "no/such/web.service"]) == 1

    assert "'no/such/web.service' cannot be written" in capsys.readouterr().err


# --- host


class Replaced(BaseException):
    """This process would be another program now."""


def register(home: Path, name: str) -> None:
    document = canonical.dump(ServiceSpec(name=name, exec=("/bin/true",)))
    applied = Applied(name=name, spec=document, revision=canonical.revision(document))
    Registrations(f"{home}/state/native").write(
        Registration(applied=applied, manager="systemd", enabled=True)
    )


def test_a_host_is_the_very_process_a_native_manager_starts(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(home, "web")
    seen: list[list[str]] = []

    def become(path: str, argv: tuple[str, ...]) -> None:
        seen.append([path, *argv])
        raise Replaced

    monkeypatch.setattr("os.execv", become)

    with pytest.raises(Replaced):
        main(["--home", str(home), "host", "web"])

    ((path, program, *rest),) = seen
    assert path == program
    assert rest[:2] == ["-I", "-S"]
    assert rest[2].endswith("server/host.py")
    assert rest[-3:] == ["--home", str(home), "web"]


def test_a_service_without_a_registration_has_no_host(home: Path, capsys: Captured) -> None:
    register(home, "web")

    assert main(["host", "wbe"]) == 4

    told = capsys.readouterr().err
    assert "'wbe' is not installed natively" in told
    assert "known: web" in told
