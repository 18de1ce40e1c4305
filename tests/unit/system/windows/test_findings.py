"""The look through all services, on a Windows that is made up."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from svcctl.errors import Denied, UnknownService
from svcctl.ports import Applied
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.windows.finding import Report
from svcctl.system.windows.findings import examine
from svcctl.system.windows.missing_dlls import Places
from svcctl.system.windows.pe_imports import Imports
from svcctl.system.windows.scm_status import NativeService, ScmStatus
from svcctl.system.windows.service_status import State

PYTHON = r"C:\Python311\python.exe"
SCRIPT = r"C:\Python311\Lib\site-packages\svcctl\server\host.py"
APP = r"C:\app\app.exe"
OURS = f'"{PYTHON}" -I -S {SCRIPT} web'
OPEN, CLOSED = "D:(A;;FA;;;BU)", "D:(A;;FA;;;BA)"


@dataclass(frozen=True, kw_only=True)
class PlayedDatabase:
    """An SCM that has *commands* by service."""

    commands: Mapping[str, str]
    closed: bool = False

    def services(self) -> list[NativeService]:
        return [
            NativeService(name=name, display_name=name, state=State.STOPPED, pid=0, command=command)
            for name, command in self.commands.items()
        ]

    def status(self, name: str) -> ScmStatus:
        if self.closed:
            raise Denied(f"service {name!r} cannot be opened")
        return ScmStatus(state=State.STOPPED, exit_code=1066, specific_code=3)


@dataclass(frozen=True, kw_only=True)
class PlayedLook:
    """A machine with *files*; those in *open_files* may be changed by users."""

    files: Sequence[str] = (PYTHON, SCRIPT, APP)
    open_files: Sequence[str] = ()
    dlls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    redirectors: Sequence[str] = ()

    def is_file(self, path: str) -> bool:
        return path in self.files

    def expanded(self, command: str) -> str:
        return command.replace("%SystemRoot%", r"C:\Windows")

    def access_list(self, path: str) -> str:
        return OPEN if path in self.open_files else CLOSED

    def imports(self, program: str) -> Imports | None:
        found = self.dlls.get(program)
        return None if found is None else Imports(x86=False, dlls=tuple(found))

    def places(self, service: str, *, x86: bool) -> Places:
        del service, x86
        return Places(known=("kernel32.dll",), folders=())

    def is_assembly(self, dll: str) -> bool:
        return dll == "comctl32.dll"

    def account(self, service: str) -> str:
        return f"NT SERVICE\\{service}"

    def patience(self) -> int:
        return 30_000

    def profiles(self) -> str:
        return r"C:\Users"

    def is_redirector(self, program: str) -> bool:
        return program in self.redirectors

    def last_lines(self, log: str) -> Sequence[str]:
        return (f"said in {ntpath.basename(log.replace('/', ntpath.sep))}",)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Give folders in which nothing is registered."""
    root = str(tmp_path)
    return Paths(config=f"{root}/config", state=f"{root}/s", run=f"{root}/run", logs=f"{root}/logs")


def register(paths: Paths, name: str = "web", *, manager: str = "scm") -> None:
    applied = Applied(name=name, spec={"exec": [APP]}, revision="r", origins={}, sources={})
    Registrations(paths.native).write(Registration(applied=applied, manager=manager, enabled=True))


def looked(
    paths: Paths,
    commands: Mapping[str, str],
    look: PlayedLook | None = None,
    *,
    names: Sequence[str] = (),
    closed: bool = False,
) -> Report:
    return examine(
        PlayedDatabase(commands=commands, closed=closed),
        look or PlayedLook(),
        paths=paths,
        paths_of=lambda _host: paths,
        names=names,
    )


def problems(report: Report) -> list[str]:
    return [each.problem for each in report.findings]


def test_services_of_others_are_looked_at_without_their_dlls(paths: Paths) -> None:
    look = PlayedLook(dlls={APP: ["a.dll"]})

    report = looked(paths, {"other": APP, "svchost": r"%SystemRoot%\svchost.exe -k net"}, look)

    assert report.services == 2
    assert problems(report) == []


def test_a_service_asked_for_by_name_is_looked_at_whole(paths: Paths) -> None:
    look = PlayedLook(dlls={APP: ["a.dll", "comctl32.dll", "KERNEL32.dll"]})

    (problem,) = problems(looked(paths, {"Other": APP, "b": APP}, look, names=["other"]))

    assert problem == rf"'{APP}' needs a.dll, which is nowhere Windows looks"


def test_what_a_host_runs_is_looked_at_as_well(paths: Paths) -> None:
    register(paths)
    look = PlayedLook(dlls={APP: ["a.dll"]}, open_files=[APP, SCRIPT])

    found = problems(looked(paths, {"web": OURS}, look, closed=True))

    assert found == [
        rf"the file '{SCRIPT}' can be changed by Users",
        rf"the file '{APP}' can be changed by Users",
        rf"'{APP}' needs a.dll, which is nowhere Windows looks",
    ]


def test_how_a_host_ended_is_told_with_what_it_said(paths: Paths) -> None:
    register(paths)

    report = looked(paths, {"web": OURS})

    (found,) = report.findings
    assert found.problem == "it ended with code 3 (error 1066)"
    assert found.why == "its host said last: said in host.log"
    assert report.facts == ()


def test_facts_are_told_of_hosts_asked_for_by_name(paths: Paths) -> None:
    register(paths)

    report = looked(paths, {"web": OURS, "mail": OURS.replace("web", "mail")}, names=["web"])

    assert {each.service for each in report.facts} == {"web"}
    assert {"command", "account", "host.log"} <= {each.name for each in report.facts}


def test_a_host_without_its_registration_is_told(paths: Paths) -> None:
    (problem,) = problems(looked(paths, {"web": OURS}, closed=True))

    assert problem == f"its registration is missing in '{paths.native}'"


def test_a_registration_that_is_broken_is_told(paths: Paths) -> None:
    register(paths)
    Path(Registrations(paths.native).path("web")).write_text("{")

    (problem,) = problems(looked(paths, {"web": OURS}, closed=True))

    assert "cannot be read" in problem


def test_a_registration_closed_to_us_is_no_finding(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    register(paths)
    monkeypatch.setattr("builtins.open", closed)

    assert problems(looked(paths, {"web": OURS}, closed=True)) == []


def test_what_windows_lost_is_told(paths: Paths) -> None:
    register(paths, "lost")
    register(paths, "elsewhere", manager="systemd")

    (found,) = looked(paths, {}).findings

    assert found.service == "lost"
    assert found.hint == "svcctl install lost, or: svcctl uninstall lost"
    assert problems(looked(paths, {}, names=["lost"])) == [found.problem]


def test_a_python_of_a_virtual_environment_is_told_of_others_too(paths: Paths) -> None:
    python = r"C:\env\Scripts\python.exe"
    look = PlayedLook(redirectors=[python])

    (found,) = looked(paths, {"other": f"{python} app.py"}, look).findings

    assert "virtual environment" in found.problem
    assert not found.grave


def test_a_name_nobody_knows_is_refused(paths: Paths) -> None:
    with pytest.raises(UnknownService, match="no service 'nobody'"):
        looked(paths, {"web": OURS}, names=["nobody"])


def test_a_service_whose_command_we_may_not_see_is_passed_over(paths: Paths) -> None:
    assert problems(looked(paths, {"secret": ""})) == []
