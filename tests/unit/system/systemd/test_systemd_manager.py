"""What systemd is asked, and what lies on the disk; the contract is kept as well."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from svcctl.errors import AgentUnreachable, Conflict, Denied, SystemFault, UsageError
from svcctl.ports import InstanceStatus
from svcctl.spec.policy import ReloadPolicy, Schedule
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system.paths import Paths, host_paths, service_state
from svcctl.system.registrations import Registrations
from svcctl.system.running_hosts import RunningHosts
from svcctl.system.systemd import files, manager
from svcctl.system.systemd.bus import Systemctl
from svcctl.system.systemd.manager import SystemdManager
from tests.contract import test_service_manager as contract
from tests.contract.managed import a_service, applied, reached
from tests.unit.system.systemd.recorded import WANTS, RecordedSystemd

pytestmark = pytest.mark.posix

OTHERS = "[Service]\nExecStart=/bin/true\n"


class SystemdManaged:
    """The manager, over systemd as recorded."""

    def __init__(self, root: Path, *, scope: str = "system") -> None:
        self.folder = root / "units"
        self.folder.mkdir()
        self.paths = Paths(
            config=f"{root}/config", state=f"{root}/state", run=f"{root}/run", logs=f"{root}/logs"
        )
        self.registrations = Registrations(self.paths.native)
        self.systemd = RecordedSystemd(self.folder, self.registrations)
        self.manager = SystemdManager(
            self.registrations,
            paths=self.paths,
            host_command=lambda name: ("/usr/bin/python3", "host.py", name),
            ask_host=self.systemd.ask_host,
            scope=scope,
            unit_folder=str(self.folder),
            bus=self.systemd,
        )

    def spec(self, name: str = "web", **changes: object) -> ServiceSpec:
        return a_service(name, **changes)

    async def until(
        self, name: str, phase: str, *, other_than: int | None = None
    ) -> InstanceStatus:
        return await reached(self, name, phase, other_than=other_than, look_again=lambda: None)

    def install(self, *specs: ServiceSpec) -> None:
        async def work() -> None:
            for each in specs:
                await self.manager.install(applied(each))
            await self.manager.settle()

        asyncio.run(work())

    def unit(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture
def managed(tmp_path: Path) -> SystemdManaged:
    return SystemdManaged(tmp_path)


globals().update({name: each for name, each in vars(contract).items() if name.startswith("test_")})


# --- installing


def test_what_is_done_is_what_was_planned(managed: SystemdManaged) -> None:
    acts = managed.manager.plan(applied(managed.spec()))

    managed.install(managed.spec())

    assert [(each.kind, Path(each.target).name) for each in acts] == [
        ("write", "web.json"),
        ("write", "web.service"),
        ("run", "systemctl daemon-reload"),
        ("run", "systemctl enable web.service"),
    ]
    assert all(Path(each.target).read_text() == each.text for each in acts if each.kind == "write")
    assert managed.systemd.orders == ["enable web.service", "daemon-reload"]


def test_units_are_read_once_however_many_were_written(managed: SystemdManaged) -> None:
    managed.install(*(managed.spec(name) for name in ("web", "db", "cache")))

    assert managed.systemd.orders.count("daemon-reload") == 1


def test_a_unit_of_somebody_else_is_neither_written_nor_taken_away(
    managed: SystemdManaged,
) -> None:
    managed.unit("web.service").write_text(OTHERS)

    with pytest.raises(Conflict, match="is not a unit of svcctl"):
        managed.install(managed.spec())

    assert managed.unit("web.service").read_text() == OTHERS
    assert managed.manager.names() == []
    assert managed.systemd.orders == []


def test_a_unit_of_the_system_is_not_covered_up(managed: SystemdManaged) -> None:
    managed.systemd.foreign["web.service"] = "/lib/systemd/system/web.service"

    with pytest.raises(Conflict, match=r"there is a unit 'web\.service' already: /lib") as caught:
        managed.manager.plan(applied(managed.spec()))

    assert "svcctl import-native web" in caught.value.hint


def test_an_install_that_fails_half_way_leaves_nothing(managed: SystemdManaged) -> None:
    managed.systemd.fails.add("enable web.service")

    with pytest.raises(SystemFault):
        managed.install(managed.spec())

    assert list(managed.folder.iterdir()) in ([], [managed.folder / WANTS])
    assert managed.manager.names() == []


def test_an_account_there_is_not_is_told_before_anything_is_written(
    managed: SystemdManaged,
) -> None:
    with pytest.raises(UsageError, match="there is no user 'nobody-here'"):
        managed.install(managed.spec(user="nobody-here"))

    assert list(managed.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "kind"), [(PermissionError, Denied), (NotADirectoryError, SystemFault)]
)
def test_what_cannot_be_written_is_told(error: type[OSError], kind: type[Exception]) -> None:
    with pytest.raises(kind, match="'/etc/x' cannot be written: no"), files.faults_told():
        raise error(1, "no", "/etc/x")


def test_a_schedule_that_is_gone_takes_its_timer_along(managed: SystemdManaged) -> None:
    managed.install(managed.spec(schedule=Schedule(every=60.0)))
    plain = applied(managed.spec())
    acts = managed.manager.plan(plain)

    asyncio.run(managed.manager.configure(plain))

    assert [each.target for each in acts if each.kind == "delete"] == [
        str(managed.unit("web.timer"))
    ]
    assert not managed.unit("web.timer").exists()
    assert "stop web.timer" in managed.systemd.orders
    assert managed.manager.plan(plain) == ()


def test_the_clock_begins_to_count_with_the_install(managed: SystemdManaged) -> None:
    managed.install(managed.spec(schedule=Schedule(every=60.0)))

    assert managed.systemd.orders == ["enable web.timer", "daemon-reload", "start web.timer"]


def test_a_delay_after_boot_is_none_after_an_install(managed: SystemdManaged) -> None:
    managed.install(managed.spec(start=Start.DELAYED))

    assert managed.systemd.orders == ["enable web.timer", "daemon-reload"]


# --- taking away


def test_what_is_taken_away_was_planned_and_others_files_stay(managed: SystemdManaged) -> None:
    managed.install(managed.spec(schedule=Schedule(every=60.0)))
    host = host_paths(managed.paths, "web")
    Path(host.state).mkdir(parents=True)
    mine = managed.unit("web.service.d")
    mine.mkdir()
    acts = managed.manager.plan_removal("web")

    asyncio.run(managed.manager.uninstall("web"))

    assert [each.target for each in acts] == [
        "systemctl disable web.timer",
        str(managed.unit("web.service")),
        str(managed.unit("web.timer")),
        "systemctl daemon-reload",
        host.state,
        managed.registrations.path("web"),
    ]
    assert not any(Path(each.target).exists() for each in acts if each.kind == "delete")
    assert mine.exists()


def test_a_unit_somebody_else_put_in_place_of_ours_stays(managed: SystemdManaged) -> None:
    managed.install(managed.spec())
    managed.unit("web.service").write_text(OTHERS)
    acts = managed.manager.plan_removal("web")

    asyncio.run(managed.manager.uninstall("web"))

    assert [each.target for each in acts] == [
        "systemctl daemon-reload",
        managed.registrations.path("web"),
    ]
    assert managed.unit("web.service").read_text() == OTHERS
    assert managed.unit(f"{WANTS}/web.service").exists()
    assert managed.manager.names() == []


def test_a_link_to_a_unit_somebody_deleted_is_taken_away(managed: SystemdManaged) -> None:
    managed.install(managed.spec())
    managed.unit("web.service").unlink()
    link = managed.unit(f"{WANTS}/web.service")
    acts = managed.manager.plan_removal("web")

    asyncio.run(managed.manager.uninstall("web"))

    assert [each.target for each in acts][:2] == [str(link), "systemctl daemon-reload"]
    assert not link.is_symlink()
    assert managed.systemd.orders[-1:] != ["disable web.service"]


# --- verbs and status


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_systemd_does_not_count_the_starts_people_ask_for(
    managed: SystemdManaged, verb: str
) -> None:
    managed.install(managed.spec())

    getattr(managed.manager, verb)("web")

    assert managed.systemd.orders[-2:] == ["reset-failed web.service", f"{verb} web.service"]


def test_a_stop_ends_the_timer_first(managed: SystemdManaged) -> None:
    managed.install(managed.spec(schedule=Schedule(every=60.0)))

    managed.manager.stop("web")

    assert managed.systemd.orders[-2:] == ["stop web.timer", "stop web.service"]


def test_a_drop_in_is_told_and_those_of_all_units_are_not(managed: SystemdManaged) -> None:
    managed.install(managed.spec())
    managed.systemd.drop_ins["web.service"] = (
        "/etc/systemd/system/service.d/all.conf /etc/systemd/system/web.service.d/ours.conf"
    )

    (status,) = managed.manager.status(["web"])

    assert status.reason == "changed by /etc/systemd/system/web.service.d/ours.conf"


@pytest.mark.parametrize("lingers", [True, False])
def test_a_user_without_linger_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lingers: bool
) -> None:
    monkeypatch.setattr(files, "lingers", lambda: lingers)
    managed = SystemdManaged(tmp_path, scope="user")
    managed.install(managed.spec(), managed.spec("off", start=Start.MANUAL))

    web, off = managed.manager.status(["web", "off"])

    assert ("loginctl enable-linger" in web.reason) is not lingers
    assert off.reason == ""


def test_a_host_that_does_not_answer_is_seen_from_outside(tmp_path: Path) -> None:
    managed = SystemdManaged(tmp_path)
    managed.install(managed.spec())
    managed.systemd.start("web.service")
    managed.manager._hosts = RunningHosts(_silence)

    (status,) = managed.manager.status(["web"])

    assert (status.phase, status.manager, status.enabled) == ("running", "systemd", True)


def test_hosts_are_asked_at_once_and_rows_come_in_the_order_of_the_names(tmp_path: Path) -> None:
    managed = SystemdManaged(tmp_path)
    names = ["web", "api", "job"]
    managed.install(*map(managed.spec, names))
    for name in names:
        managed.systemd.start(f"{name}.service")
    together = threading.Barrier(len(names))

    def wait_for_the_others(name: str, verb: str, args: Mapping[str, object]) -> object:
        together.wait(60.0)
        raise AgentUnreachable(f"the host of {name!r} does not {verb} {args}")

    managed.manager._hosts = RunningHosts(wait_for_the_others)

    assert [each.service for each in managed.manager.status(names)] == names


def test_every_instance_has_a_row_while_the_host_is_down(managed: SystemdManaged) -> None:
    managed.install(managed.spec(instances=3))

    rows = managed.manager.status(["web"])

    assert [(each.instance, each.phase) for each in rows] == [
        *(("web", "stopped"), ("web.2", "stopped"), ("web.3", "stopped")),
    ]


def _silence(*_: object) -> object:
    raise AgentUnreachable("nobody answers")


def test_without_the_library_for_dbus_systemctl_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "svcctl.system.systemd.dbus", None)

    assert isinstance(manager.connect(user=False), Systemctl)


def test_units_of_users_lie_where_their_settings_do(
    monkeypatch: pytest.MonkeyPatch, set_home: Callable[[str], None]
) -> None:
    set_home("/home/ann")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    usual = files.unit_folder(user=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/srv/ann")

    assert usual == "/home/ann/.config/systemd/user"
    assert files.unit_folder(user=True) == "/srv/ann/systemd/user"
    assert files.unit_folder(user=False) == "/etc/systemd/system"


@pytest.fixture
def set_home(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda folder: monkeypatch.setenv("HOME", folder)


# --- without a host


def test_a_service_without_a_host_gets_its_orders_from_systemd_itself(
    managed: SystemdManaged,
) -> None:
    managed.install(managed.spec(host=False, reload=ReloadPolicy(signal="HUP")))
    managed.manager.start("web")

    managed.manager.reload("web")
    managed.manager.signal("web", "USR1")
    managed.manager.reset("web")

    orders = managed.systemd.orders[-3:]
    assert orders == ["reload web.service", "kill web.service USR1", "reset-failed web.service"]
    assert "host.py" not in managed.unit("web.service").read_text()


def test_the_state_of_a_service_outlasts_its_unit(managed: SystemdManaged) -> None:
    managed.install(managed.spec(host=False))
    state = Path(service_state(managed.paths, "web"))
    state.mkdir(parents=True)

    asyncio.run(managed.manager.uninstall("web"))

    assert state.exists()


def test_a_service_that_answers_itself_stands_still_and_reloads_itself(
    managed: SystemdManaged,
) -> None:
    managed.install(managed.spec(host=False, reload=ReloadPolicy(signal="HUP")))
    managed.systemd.talking.add("web")
    managed.manager.start("web")

    managed.manager.pause("web")
    (paused,) = managed.manager.status(["web"])
    managed.manager.resume("web")
    managed.manager.reload("web")
    (resumed,) = managed.manager.status(["web"])

    assert (paused.phase, paused.ready, paused.manager) == ("paused", False, "systemd")
    assert (resumed.phase, resumed.ready) == ("running", True)
    assert managed.systemd.orders[-1] == "web: reload"


def test_who_refuses_to_stand_still_says_why(managed: SystemdManaged) -> None:
    managed.install(managed.spec(host=False))
    managed.systemd.refusing.add("web")
    managed.manager.start("web")

    with pytest.raises(Conflict, match="web: not now"):
        managed.manager.pause("web")
