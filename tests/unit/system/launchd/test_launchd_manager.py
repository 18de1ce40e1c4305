"""What launchd is asked, and what lies on the disk, for each verb; see also the contract."""

from __future__ import annotations

import asyncio
import plistlib
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import Conflict, Denied, TimedOut
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.launchd.launchctl import parse_job
from svcctl.system.launchd.manager import LaunchdManager
from svcctl.system.launchd.standing import outside_views
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registrations
from tests.unit.system.launchd.recorded import PRINTED, RecordedLaunchd

WEB = ServiceSpec(name="web", exec=("/usr/bin/app",), cwd="/srv")


class Machine:
    """A Mac as far as these tests go."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(
            config=f"{folder}/config",
            state=f"{folder}/state",
            run=f"{folder}/run",
            logs=f"{folder}/logs",
        )
        self.registrations = Registrations(self.paths.native)
        self.launchd = RecordedLaunchd(self.registrations)
        self.plists = folder / "LaunchDaemons"
        self.slept: list[float] = []
        self.manager = LaunchdManager(
            self.registrations,
            paths=self.paths,
            host_command=lambda name: ("/usr/bin/python3", "host.py", name),
            ask_host=self.launchd.ask_host,
            folder=str(self.plists),
            run=self.launchd.run,
            sleep=self.slept.append,
        )

    def put(self, spec: ServiceSpec = WEB) -> None:
        known = spec.name in self.manager.names()
        put = self.manager.configure if known else self.manager.install
        asyncio.run(put(applied(spec)))

    def plist(self, name: str = "web") -> dict[str, object]:
        path = self.plists / f"org.svcctl.{name}.plist"
        found: dict[str, object] = plistlib.loads(path.read_bytes())
        return found


def applied(spec: ServiceSpec) -> Applied:
    document = canonical.dump(spec)
    return Applied(name=spec.name, spec=document, revision=canonical.revision(document))


@pytest.fixture
def mac(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_plan_is_exactly_what_is_then_written(mac: Machine) -> None:
    acts = mac.manager.plan(applied(WEB))

    mac.put()

    assert [act.kind for act in acts] == ["write", "write"]
    assert all(Path(act.target).read_text() == act.text for act in acts)
    assert mac.manager.plan(applied(WEB)) == ()


def test_an_installed_service_is_not_loaded_before_it_is_started(mac: Machine) -> None:
    mac.put()

    assert mac.launchd.asked == []
    assert mac.plist()["StandardOutPath"] == f"{mac.paths.state}/hosts/web/host.log"
    assert Path(host_paths(mac.paths, "web").state).is_dir()


def test_a_start_loads_what_is_not_loaded(mac: Machine) -> None:
    mac.put()
    path = str(mac.plists / "org.svcctl.web.plist")

    mac.manager.start("web")
    mac.manager.start("web")

    assert mac.launchd.asked == [
        ("print", "system/org.svcctl.web"),
        ("bootstrap", "system", path),
        ("kickstart", "system/org.svcctl.web"),
        ("print", "system/org.svcctl.web"),
        ("kickstart", "system/org.svcctl.web"),
    ]


def test_a_restart_has_the_changed_list_read_once_the_old_job_is_gone(mac: Machine) -> None:
    mac.put()
    mac.manager.start("web")
    mac.put(replace(WEB, start=Start.MANUAL))
    mac.launchd.lingering = 3

    mac.manager.restart("web")

    assert len(mac.slept) == 3
    assert mac.launchd.jobs["org.svcctl.web"].document["RunAtLoad"] is False
    assert mac.launchd.jobs["org.svcctl.web"].pid


def test_a_restart_does_not_wait_for_ever(mac: Machine) -> None:
    mac.put()
    mac.manager.start("web")
    mac.launchd.lingering = 100_000

    with pytest.raises(TimedOut, match="'web' did not stop within 30s"):
        mac.manager.restart("web")

    assert sum(mac.slept) == pytest.approx(30.0)


def test_disabling_leaves_the_service_startable(mac: Machine) -> None:
    mac.put()

    asyncio.run(mac.manager.enable("web", enabled=False))
    mac.manager.start("web")

    assert mac.plist()["RunAtLoad"] is False
    assert mac.manager.status(["web"])[0].phase == "running"


def test_what_an_administrator_disabled_stays_so_when_the_definition_changes(
    mac: Machine,
) -> None:
    mac.put()
    asyncio.run(mac.manager.enable("web", enabled=False))

    mac.put(replace(WEB, description="the shop"))

    assert mac.plist()["RunAtLoad"] is False


def test_a_service_defined_as_disabled_is_forbidden_to_launchd_too(mac: Machine) -> None:
    acts = mac.manager.plan(applied(replace(WEB, start=Start.DISABLED)))
    mac.put(replace(WEB, start=Start.DISABLED))
    forbidden = set(mac.launchd.disabled)

    mac.put(WEB)

    assert acts[-1].target == "launchctl disable org.svcctl.web"
    assert forbidden == {"org.svcctl.web"}
    assert mac.launchd.disabled == set()


def test_an_uninstall_leaves_nothing(mac: Machine) -> None:
    mac.put(replace(WEB, start=Start.DISABLED))
    acts = mac.manager.plan_removal("web")

    asyncio.run(mac.manager.uninstall("web"))

    assert [act.kind for act in acts] == ["run", *["delete"] * 4]
    assert not any(Path(act.target).exists() for act in acts[1:])
    assert mac.launchd.disabled == set()
    assert list(mac.plists.iterdir()) == []


def test_a_failed_install_leaves_nothing(mac: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, content: bytes) -> None:  # noqa: ARG001
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("svcctl.system.whole_file.write", refuse)

    with pytest.raises(Denied, match="cannot be written: Permission denied") as caught:
        mac.put()

    assert "--scope user" in caught.value.hint
    assert mac.manager.names() == []
    assert not Path(host_paths(mac.paths, "web").state).exists()


def test_a_user_s_own_service_is_a_launch_agent(tmp_path: Path) -> None:
    registrations = Registrations(str(tmp_path))
    launchd = RecordedLaunchd(registrations)
    manager = LaunchdManager(
        registrations,
        paths=Paths(config="/c", state=f"{tmp_path}/s", run=f"{tmp_path}/r", logs="/l"),
        host_command=lambda name: ("host", name),
        ask_host=launchd.ask_host,
        scope="user",
        folder=str(tmp_path / "LaunchAgents"),
        run=launchd.run,
    )
    asyncio.run(manager.install(applied(WEB)))

    manager.start("web")

    assert launchd.asked[0][1].startswith("gui/")
    assert registrations.read("web").scope == "user"


@pytest.mark.parametrize(
    ("state", "more", "phase", "reason"),
    [
        ("not running", "\tlast exit code = 0", "stopped", ""),
        ("not running", "\tlast exit code = 69", "failed", "svcctl gave up"),
        ("not running", "\tlast terminating signal = Killed: 9", "failed", "Killed: 9"),
        ("spawn scheduled", "\tlast exit code = 1", "backoff", ""),
        ("running", "\tpid = 7", "starting", ""),
    ],
)
def test_a_host_that_does_not_answer_is_judged_by_launchd_s_words(
    mac: Machine, state: str, more: str, phase: str, reason: str
) -> None:
    mac.put()
    job = parse_job(PRINTED.format(label="a", path="", state=state, runs=2, more=more, active=0))

    (seen,) = outside_views(mac.registrations.read("web"), job)

    assert (seen.phase, seen.restarts) == (phase, 1)
    assert reason in seen.reason
    assert bool(seen.reason) == bool(reason)


def test_every_instance_has_a_row_while_the_host_is_down(mac: Machine) -> None:
    mac.put(replace(WEB, instances=3))

    rows = mac.manager.status(["web"])

    assert [(each.instance, each.phase) for each in rows] == [
        *(("web", "stopped"), ("web.2", "stopped"), ("web.3", "stopped")),
    ]


def test_a_verb_for_a_host_that_does_not_run_is_a_conflict(mac: Machine) -> None:
    mac.put()

    with pytest.raises(Conflict, match="'web' does not run") as caught:
        mac.manager.pause("web")

    assert caught.value.hint == "svcctl start web"
