"""The manager of Windows services on a played SCM: orders, undoing, waiting, refusals."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import Conflict, SystemFault, UnknownService, UsageError
from svcctl.ports import Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.native import PASSWORD_AT_HAND, WindowsOptions
from svcctl.spec.service import Need, ServiceSpec, Start, Type
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.windows.scm import ScmManager
from svcctl.system.windows.scm_config import ScmConfig, ScmStart
from svcctl.system.windows.scm_plan import DEFAULT_SECURITY
from svcctl.system.windows.scm_status import ScmStatus
from svcctl.system.windows.service_status import State
from tests.unit.system.windows.played_scm import DEADLINE, PlayedGround, PlayedScm

FOREIGN = ScmConfig(command=r"C:\other.exe", display_name="Other")


class Bench:
    """A manager, what it works on, and the folder of its registrations."""

    def __init__(self, folder: Path) -> None:
        self.registrations = Registrations(str(folder))
        self.scm, self.ground = PlayedScm(), PlayedGround()
        self.password: str | None = None
        self.manager = ScmManager(
            self.registrations,
            scm=self.scm,
            secure=self.ground,
            host_command=lambda name: ("python.exe", "host.py", name),
            ask_host=self.scm.ask_host,
            password=lambda _: self.password,
        )

    async def install(self, name: str = "web", **changes: object) -> Applied:
        wanted = an_applied(name, **changes)
        await self.manager.install(wanted)
        return wanted

    def status(self, name: str = "web") -> InstanceStatus:
        (status,) = self.manager.status([name])
        return status

    def state(self, name: str = "web") -> State:
        return self.scm.status(name).state


def a_spec(name: str = "web", **changes: object) -> ServiceSpec:
    return replace(ServiceSpec(name=name, exec=("web.exe",)), **changes)  # type: ignore[arg-type]


def an_applied(name: str = "web", **changes: object) -> Applied:
    document = canonical.dump(a_spec(name, **changes))
    return Applied(name=name, spec=document, revision=canonical.revision(document))


def join_errands() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("errand-"):
            thread.join(DEADLINE)
            assert not thread.is_alive()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path / "native")
    join_errands()


# --- installing


async def test_the_registration_is_the_first_act_and_the_last_to_go(bench: Bench) -> None:
    wanted = an_applied()

    planned = bench.manager.plan(wanted)
    await bench.manager.install(wanted)
    removal = bench.manager.plan_removal("web")

    assert (planned[0].kind, planned[0].target) == ("write", bench.registrations.path("web"))
    assert planned[0].text == Path(bench.registrations.path("web")).read_text()
    assert removal[0].target == "service web"
    assert (removal[-1].kind, removal[-1].target) == ("delete", bench.registrations.path("web"))


async def test_a_change_of_the_description_sets_the_description_alone(bench: Bench) -> None:
    await bench.install()
    changed = an_applied(description="sells")

    planned = [act for act in bench.manager.plan(changed) if act.kind == "set"]
    await bench.manager.configure(changed)

    assert [act.target for act in planned] == ["service web: description"]
    assert bench.scm.done[-1] == "change web: description"


async def test_a_setting_that_was_changed_behind_our_back_is_set_again(bench: Bench) -> None:
    wanted = await bench.install(start=Start.DELAYED)
    entry = bench.scm.entry("web")
    entry.config = replace(entry.config, start=ScmStart.MANUAL)

    (act,) = bench.manager.plan(wanted)
    outcome = await bench.manager.configure(wanted)

    assert (act.target, act.before, act.text) == ("service web: start", "manual", "delayed")
    assert outcome == "updated"
    assert entry.config.start is ScmStart.DELAYED


async def test_a_service_that_windows_has_lost_is_created_anew(bench: Bench) -> None:
    wanted = await bench.install()
    del bench.scm.entries["web"]

    lost = bench.status()
    await bench.manager.configure(wanted)

    assert (lost.phase, lost.enabled) == ("failed", False)
    assert "Windows does not know it" in lost.reason
    assert bench.manager.plan(wanted) == ()
    assert bench.status().phase == "stopped"


async def test_somebody_elses_service_is_left_alone(bench: Bench) -> None:
    bench.scm.create("web", FOREIGN, password=None)

    with pytest.raises(Conflict, match="'web' already that is not svcctl's") as refused:
        await bench.manager.install(an_applied())

    assert "svcctl import-native web" in refused.value.hint
    assert bench.manager.names() == []
    assert bench.scm.read("web").command == FOREIGN.command


async def test_an_install_that_fails_leaves_nothing_behind(bench: Bench) -> None:
    bench.scm.refuses = "no"

    with pytest.raises(SystemFault, match="no"):
        await bench.manager.install(an_applied())

    assert bench.manager.names() == []
    assert bench.ground.secured == []
    assert bench.scm.entries == {}


async def test_a_display_name_is_had_once_and_it_is_said_by_whom(bench: Bench) -> None:
    bench.scm.create("other", FOREIGN, password=None)

    with pytest.raises(Conflict, match="display name 'OTHER' is that of service 'other'"):
        await bench.manager.install(an_applied(display_name="OTHER"))

    assert bench.manager.names() == []


async def test_a_display_name_is_not_changed_to_one_that_is_taken(bench: Bench) -> None:
    bench.scm.create("other", FOREIGN, password=None)
    await bench.install()

    with pytest.raises(Conflict, match="is that of service 'other'"):
        await bench.manager.configure(an_applied(display_name="Other"))


async def test_a_password_reaches_windows_and_nothing_else(bench: Bench) -> None:
    bench.password = "hunter2"
    wanted = an_applied(user=r".\shop", windows=WindowsOptions(password="env:SHOP"))

    planned = bench.manager.plan(wanted)
    await bench.manager.install(wanted)

    assert bench.scm.entry("web").passwords == ["hunter2"]
    assert "hunter2" not in repr(planned)
    assert "hunter2" not in Path(bench.registrations.path("web")).read_text()


async def test_a_password_given_with_the_command_is_set_again_and_its_place_forgotten(
    bench: Bench,
) -> None:
    plain = an_applied(user=r".\shop")
    given = an_applied(user=r".\shop", windows=WindowsOptions(password=PASSWORD_AT_HAND))
    bench.password = "hunter2"
    await bench.manager.install(given)
    bench.password = "hunter3"

    kept, planned = bench.manager.query("web"), bench.manager.plan(given)
    outcome = await bench.manager.configure(given)

    assert (kept.spec, kept.revision) == (plain.spec, plain.revision)
    assert [act.target for act in planned] == ["service web: password"]
    assert "hunter" not in repr(planned)
    assert outcome == "updated"
    assert bench.scm.entry("web").passwords == ["hunter2", "hunter3"]
    assert bench.manager.plan(plain) == ()


async def test_a_password_in_a_file_is_handed_over_with_the_account_only(bench: Bench) -> None:
    kept = WindowsOptions(password="file:C:/secret")
    bench.password = "hunter2"
    await bench.install(user=r".\shop", windows=kept)

    bench.password = "hunter3"
    same = await bench.manager.configure(an_applied(user=r".\shop", windows=kept))
    await bench.manager.configure(an_applied(user=r".\till", windows=kept))

    assert same == "unchanged"
    assert bench.scm.entry("web").passwords == ["hunter2", "hunter3"]
    assert bench.manager.query("web").spec["windows"] == {"password": "file:C:/secret"}


async def test_an_account_without_password_takes_none(bench: Bench) -> None:
    given = an_applied(windows=WindowsOptions(password=PASSWORD_AT_HAND))
    await bench.manager.install(given)

    assert bench.manager.plan(given) == ()


async def test_a_dacl_is_compared_as_windows_writes_it(bench: Bench) -> None:
    written = "D:(A;; GA;;;SY)"
    wanted = await bench.install(windows=WindowsOptions(security=written))

    assert bench.scm.read("web").security == "D:(A;;GA;;;SY)"
    assert bench.manager.plan(wanted) == ()


async def test_a_dacl_that_is_taken_out_of_the_definition_is_taken_back(bench: Bench) -> None:
    await bench.install(windows=WindowsOptions(security="D:(A;;GA;;;SY)"))
    plain = an_applied()

    await bench.manager.configure(plain)

    assert bench.scm.read("web").security == DEFAULT_SECURITY
    assert bench.manager.plan(plain) == ()


async def test_what_another_manager_keeps_cannot_be_needed(bench: Bench) -> None:
    bench.registrations.write(
        Registration(applied=an_applied("db"), manager="systemd", enabled=True)
    )

    with pytest.raises(Conflict, match="'db', which is kept by systemd"):
        bench.manager.plan(an_applied(needs={"db": Need.READY}))

    with pytest.raises(UnknownService, match="'db' is kept by systemd"):
        bench.manager.query("db")


# --- removing


async def test_a_service_that_is_held_open_is_not_gone_yet(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.system.windows.scm._LOOK_AGAIN", 0.0)
    await bench.install()
    bench.scm.entry("web").held = True

    with pytest.raises(Conflict, match="another program holds it open") as refused:
        await bench.manager.uninstall("web")
    with pytest.raises(Conflict, match="another program holds it open"):
        await bench.manager.uninstall("web")
    del bench.scm.entries["web"]
    await bench.manager.uninstall("web")

    assert "close services.msc" in refused.value.hint
    assert bench.manager.names() == []
    assert bench.ground.secured == []


async def test_what_windows_has_lost_can_still_be_stopped_and_removed(bench: Bench) -> None:
    await bench.install()
    del bench.scm.entries["web"]

    bench.manager.stop("web")
    planned = bench.manager.plan_removal("web")
    await bench.manager.uninstall("web")

    assert [act.target for act in planned if act.target.startswith("service")] == []
    assert bench.manager.names() == []


async def test_settling_has_the_registry_written(bench: Bench) -> None:
    await bench.manager.settle()

    assert bench.scm.flushed == 1


# --- starting and stopping


async def test_a_start_asked_for_while_stopping_is_done_after_the_stop(bench: Bench) -> None:
    await bench.install()
    bench.manager.start("web")
    bench.scm.entry("web").lingers = True
    bench.manager.stop("web")

    bench.manager.start("web")
    waiting = bench.state()
    bench.scm.end("web")
    join_errands()

    assert waiting is State.STOP_PENDING
    assert bench.state() is State.RUNNING


async def test_a_restart_comes_back_before_the_stop_is_over(bench: Bench) -> None:
    await bench.install()
    bench.manager.start("web")
    bench.scm.entry("web").lingers = True

    bench.manager.restart("web")
    bench.manager.restart("web")
    waiting = bench.state()
    bench.scm.end("web")
    join_errands()

    assert waiting is State.STOP_PENDING
    assert bench.scm.done.count("start web") == 2


async def test_a_stop_takes_a_restart_back(bench: Bench) -> None:
    await bench.install()
    bench.manager.start("web")
    bench.scm.entry("web").lingers = True
    bench.manager.restart("web")

    bench.manager.stop("web")
    bench.scm.end("web")
    join_errands()

    assert bench.state() is State.STOPPED
    assert bench.status().phase == "stopped"


async def test_a_restart_that_fails_shows_in_the_status_until_it_is_forgotten(
    bench: Bench,
) -> None:
    await bench.install()
    bench.manager.start("web")
    bench.scm.fails_to_start = 1053

    bench.manager.restart("web")
    join_errands()
    failed = bench.status()
    bench.manager.reset("web")

    assert (failed.phase, failed.reason) == ("failed", "refused (error 1053)")
    assert bench.status().phase == "stopped"


async def test_what_others_need_is_not_stopped_before_them(bench: Bench) -> None:
    await bench.install("db")
    await bench.install("web", needs={"db": Need.READY})
    bench.manager.start("db")
    bench.manager.start("web")

    with pytest.raises(Conflict, match="service 'db' is needed by web, which run") as refused:
        bench.manager.stop("db")

    assert refused.value.hint == "svcctl stop web db"
    assert bench.state("db") is State.RUNNING


async def test_what_others_need_is_stopped_once_they_have(bench: Bench) -> None:
    await bench.install("db")
    await bench.install("web", needs={"db": Need.READY})
    bench.manager.start("db")
    bench.manager.start("web")
    bench.scm.entry("web").lingers = True
    bench.manager.stop("web")

    bench.manager.stop("db")
    waiting = bench.state("db")
    bench.scm.end("web")
    join_errands()

    assert waiting is State.RUNNING
    assert bench.state("db") is State.STOPPED


@pytest.mark.parametrize("code", [1052, 1061])
async def test_what_is_still_starting_is_stopped_by_its_host(bench: Bench, code: int) -> None:
    await bench.install()
    bench.manager.start("web")
    entry = bench.scm.entry("web")
    entry.accepts, entry.refusal = False, code

    bench.manager.stop("web")

    assert ("web", "stop") in bench.scm.asked
    assert bench.state() is State.STOPPED


async def test_a_host_that_does_not_listen_yet_is_given_a_moment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.install()
    entry = bench.scm.entry("web")
    entry.accepts, entry.status = False, ScmStatus(state=State.START_PENDING)

    def listens(_seconds: float) -> None:
        entry.status = replace(entry.status, pid=77)

    monkeypatch.setattr("svcctl.system.windows.scm.time.sleep", listens)

    bench.manager.stop("web")

    assert bench.state() is State.STOPPED


async def test_what_runs_before_its_host_listens_is_stopped_by_the_scm(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.install()
    entry = bench.scm.entry("web")
    entry.accepts, entry.status = False, ScmStatus(state=State.START_PENDING)

    def comes_up(_seconds: float) -> None:
        entry.accepts, entry.status = True, ScmStatus(state=State.RUNNING)

    monkeypatch.setattr("svcctl.system.windows.scm.time.sleep", comes_up)

    bench.manager.stop("web")

    assert bench.state() is State.STOPPED
    assert bench.scm.done[-1] == "control web: 1"


async def test_what_is_still_starting_without_a_host_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.system.windows.scm.time.sleep", lambda _seconds: None)
    await bench.install()
    entry = bench.scm.entry("web")
    entry.accepts, entry.status = False, ScmStatus(state=State.START_PENDING)

    with pytest.raises(Conflict, match="1061"):
        bench.manager.stop("web")


async def test_a_host_that_died_unnoticed_is_seen_and_started_anew(bench: Bench) -> None:
    await bench.install()
    entry = bench.scm.entry("web")
    entry.status = ScmStatus(state=State.RUNNING, pid=77, lost=True)

    lost = bench.status()
    bench.manager.stop("web")
    bench.manager.restart("web")

    assert (lost.phase, lost.pid) == ("failed", None)
    assert lost.reason == "its host (pid 77) has died, and Windows has not noticed"
    assert (entry.status.state, entry.status.lost) == (State.RUNNING, False)


async def test_user_control_codes_go_from_128_to_255(bench: Bench) -> None:
    await bench.install()
    bench.manager.start("web")

    bench.manager.control("web", 200)

    assert bench.scm.done[-1] == "control web: 200"
    with pytest.raises(UsageError, match="127 is no user control code"):
        bench.manager.control("web", 127)


async def test_a_reload_is_told_as_a_change_of_parameters(bench: Bench) -> None:
    await bench.install()
    bench.manager.start("web")

    bench.manager.reload("web")

    assert bench.scm.done[-1] == "control web: 6"


async def test_what_does_not_run_cannot_be_paused(bench: Bench) -> None:
    await bench.install()

    with pytest.raises(Conflict, match="1062"):
        bench.manager.pause("web")


# --- looking


async def test_the_host_speaks_for_its_instances_and_the_registry_for_the_rest(
    bench: Bench,
) -> None:
    wanted = await bench.install()
    bench.manager.start("web")

    status = bench.status()

    assert (status.manager, status.enabled, status.pid) == ("scm", True, 1100)
    assert status.applied is False
    assert status.spec_revision != wanted.revision


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        (State.START_PENDING, "starting"),
        (State.STOP_PENDING, "stopping"),
        (State.RUNNING, "running"),
        (State.CONTINUE_PENDING, "resuming"),
        (State.PAUSE_PENDING, "pausing"),
        (State.PAUSED, "paused"),
    ],
)
async def test_a_silent_host_is_told_of_by_the_scm(bench: Bench, state: State, phase: str) -> None:
    await bench.install(instances=2)
    bench.scm.entry("web").status = ScmStatus(state=state)

    statuses = bench.manager.status(["web"])

    assert [(each.instance, each.phase) for each in statuses] == [("web", phase), ("web.2", phase)]


@pytest.mark.parametrize(
    ("ended", "kind", "expected"),
    [
        (ScmStatus(state=State.STOPPED), Type.SERVICE, ("stopped", "", None)),
        (ScmStatus(state=State.STOPPED), Type.ONESHOT, ("finished", "", None)),
        (ScmStatus(state=State.STOPPED, exit_code=1077), Type.ONESHOT, ("stopped", "", None)),
        (
            ScmStatus(state=State.STOPPED, exit_code=1066, specific_code=69),
            Type.SERVICE,
            ("failed", "ended with status 69", 69),
        ),
        (
            ScmStatus(state=State.STOPPED, exit_code=1067),
            Type.SERVICE,
            ("failed", "ended with error 1067 of Windows", None),
        ),
    ],
)
async def test_how_it_ended_is_told_by_the_scm(
    bench: Bench, ended: ScmStatus, kind: Type, expected: tuple[str, str, int | None]
) -> None:
    await bench.install(type=kind)
    bench.scm.entry("web").status = ended

    status = bench.status()

    assert (status.phase, status.reason, status.exit_code) == expected


async def test_every_service_of_the_machine_can_be_listed_and_read(bench: Bench) -> None:
    bench.scm.create("other", FOREIGN, password=None)
    await bench.install()

    assert [each.name for each in bench.manager.list_native()] == ["other", "web"]
    assert bench.manager.read_config("other").command == FOREIGN.command
    assert bench.manager.names() == ["web"]


# --- without a host


async def installed_alone(bench: Bench) -> None:
    await bench.install(host=False, exec=("python.exe", "mailer.py", "run"))


def test_without_a_host_windows_starts_the_program_itself(bench: Bench) -> None:
    asyncio.run(installed_alone(bench))

    assert bench.scm.read("web").command == '"python.exe" "mailer.py" "run"'


def test_without_a_host_a_reload_is_a_control_and_nobody_can_send_a_signal(bench: Bench) -> None:
    asyncio.run(installed_alone(bench))
    bench.manager.start("web")

    bench.manager.reload("web")

    assert bench.scm.done[-1] == "control web: 6"
    with pytest.raises(Conflict, match="no host"):
        bench.manager.signal("web", "CTRL_C")


def test_a_service_that_answers_itself_tells_what_came_of_a_reload(bench: Bench) -> None:
    asyncio.run(installed_alone(bench))
    bench.scm.talking.add("web")
    bench.manager.start("web")

    bench.manager.reload("web")

    assert bench.scm.asked[-1] == ("web", "reload")
