"""Services kept by the real SCM: installed, run, asked, changed and removed without a trace."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from svcctl.errors import AgentUnreachable, Conflict
from svcctl.ports import Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.native import RecoveryPolicy, RecoveryStep, Trigger, WindowsOptions
from svcctl.spec.service import Need, ServiceSpec, Start
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.ground import Ground
from svcctl.system.windows.scm import ScmManager
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_database import ScmDatabase
from svcctl.system.windows.scm_plan import quoted
from tests.system.windows.scm_lab import WatchedAdvapi32, registry
from tests.system.windows.waiting import until

PROGRAM = Path(__file__).parent / "programs" / "stand_in_host.py"
Found = TypeVar("Found")


class Kept:
    """A manager over the real SCM, whose hosts are stand-ins; everything is removed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "all of it"
        self.paths = Paths(
            config=str(self.folder / "config"),
            state=str(self.folder / "state"),
            run=str(self.folder / "run"),
            logs=str(self.folder / "logs"),
        )
        self.log = folder / "asked.log"
        self.failure = 0
        self.watched = WatchedAdvapi32()
        self.scm = ScmDatabase(ScmApi(self.watched))
        self.manager = ScmManager(
            Registrations(self.paths.native),
            scm=self.scm,
            secure=Ground(self.paths),
            host_command=self.command,
            ask_host=_nobody,
            password=lambda _: None,
        )
        mark = uuid.uuid4().hex[:8]
        self.web, self.db = f"svcctl-web-{mark}", f"svcctl-db-{mark}"

    def command(self, name: str) -> tuple[str, ...]:
        return (sys.executable, "-I", str(PROGRAM), str(self.log), str(self.failure), name)

    def applied(self, name: str = "", **changes: object) -> Applied:
        plain = ServiceSpec(name=name or self.web, exec=("web.exe",), start=Start.MANUAL)
        document = canonical.dump(replace(plain, **changes))  # type: ignore[arg-type]
        return Applied(name=plain.name, spec=document, revision=canonical.revision(document))

    def install(self, name: str = "", **changes: object) -> Applied:
        wanted = self.applied(name, **changes)
        asyncio.run(self.manager.install(wanted))
        return wanted

    def configure(self, wanted: Applied) -> str:
        return asyncio.run(self.manager.configure(wanted))

    def uninstall(self, name: str = "") -> None:
        asyncio.run(self.manager.uninstall(name or self.web))

    def status(self, name: str = "") -> InstanceStatus:
        (status,) = self.manager.status([name or self.web])
        return status

    def until(self, phase: str, name: str = "") -> InstanceStatus:
        """Look until the service is in *phase*."""
        found: InstanceStatus = until(
            lambda: status if (status := self.status(name)).phase == phase else None,
            what=f"it is {phase}",
        )
        return found

    def close(self) -> None:
        self.watched.refuses.clear()
        for name in self.manager.names():
            self.manager.stop(name)
            until(lambda name=name: self.status(name).pid is None, what="its host is gone")  # type: ignore[misc]
            self.uninstall(name)


def _nobody(name: str, verb: str, args: Mapping[str, object]) -> object:
    del verb, args
    raise AgentUnreachable(f"nobody answers for {name!r}")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


# --- installing


def test_an_install_does_what_was_planned_and_the_next_one_nothing(kept: Kept) -> None:
    wanted = kept.applied(
        description="sells",
        display_name="The Shop of " + kept.web,
        start=Start.DELAYED,
        windows=WindowsOptions(
            depends_on=("Eventlog",),
            security="D:(A;;GA;;;SY)(A;;GA;;;BA)",
            triggers=(Trigger(on="ip-available"),),
            recovery=RecoveryPolicy(steps=(RecoveryStep(),)),
        ),
    )

    planned = kept.manager.plan(wanted)
    asyncio.run(kept.manager.install(wanted))
    asyncio.run(kept.manager.settle())

    texts = {act.target: act.text for act in planned}
    assert texts[f"service {kept.web}: command"] == kept.scm.read(kept.web).command
    assert texts[f"service {kept.web}: start"] == "delayed"
    assert texts[f"service {kept.web}: triggers"] == "start on ip-available"
    assert kept.manager.names() == [kept.web]
    assert kept.manager.query(kept.web) == wanted
    assert kept.manager.plan(wanted) == ()
    assert kept.configure(wanted) == "unchanged"


def test_the_command_is_quoted_word_by_word(kept: Kept) -> None:
    kept.install()

    assert registry(kept.web)["ImagePath"] == quoted(kept.command(kept.web))
    assert registry(kept.web)["ObjectName"] == rf"NT SERVICE\{kept.web}"


def test_a_changed_description_is_one_setting(kept: Kept) -> None:
    kept.install(description="sells")
    changed = kept.applied(description="buys")
    kept.watched.changes.clear()

    (act,) = (act for act in kept.manager.plan(changed) if act.kind == "set")
    outcome = kept.configure(changed)

    assert (act.target, act.before, act.text) == (
        *(f"service {kept.web}: description", "sells", "buys"),
    )
    assert outcome == "updated"
    assert kept.watched.changes == [("ChangeServiceConfig2W", kept.web, 1)]
    assert registry(kept.web)["Description"] == "buys"


@pytest.mark.parametrize(
    "function", ["CreateServiceW", "ChangeServiceConfig2W", "SetServiceObjectSecurity"]
)
def test_an_install_that_fails_anywhere_leaves_nothing_behind(kept: Kept, function: str) -> None:
    kept.watched.refuses[function] = 5

    with pytest.raises(Exception, match="error 5"):
        kept.install(windows=WindowsOptions(security="D:(A;;GA;;;SY)(A;;GA;;;BA)"))

    assert kept.manager.names() == []
    assert not kept.scm.exists(kept.web)
    assert registry(kept.web) == {}
    assert [each for each in kept.folder.rglob("*") if kept.web in each.name] == []


def test_a_service_of_windows_is_not_taken_over_unasked(kept: Kept) -> None:
    wanted = kept.applied("eventlog")

    with pytest.raises(Conflict, match="'eventlog' already that is not svcctl's") as refused:
        kept.manager.plan(wanted)

    assert "svcctl import-native eventlog" in refused.value.hint


def test_enabling_is_a_matter_of_the_start_type(kept: Kept) -> None:
    kept.install(start=Start.AUTO)
    auto = registry(kept.web)["Start"]

    asyncio.run(kept.manager.enable(kept.web, enabled=False))
    manual, disabled = registry(kept.web)["Start"], kept.status().enabled
    asyncio.run(kept.manager.enable(kept.web, enabled=True))

    assert (auto, manual, registry(kept.web)["Start"]) == (2, 3, 2)
    assert (disabled, kept.status().enabled) == (False, True)


def test_an_uninstall_leaves_no_trace(kept: Kept) -> None:
    kept.install()
    planned = kept.manager.plan_removal(kept.web)

    kept.uninstall()

    assert planned[0].target == f"service {kept.web}"
    assert kept.manager.names() == []
    assert registry(kept.web) == {}
    left = [each for each in kept.folder.rglob("*") if kept.web in each.name]
    assert [each.parent.name for each in left] == ["logs"]


# --- running


@pytest.mark.slow
def test_a_service_is_started_paused_resumed_reloaded_and_stopped(kept: Kept) -> None:
    kept.install()

    kept.manager.start(kept.web)
    running = kept.until("running")
    kept.manager.start(kept.web)
    kept.manager.pause(kept.web)
    paused = kept.until("paused")
    kept.manager.resume(kept.web)
    kept.until("running")
    kept.manager.reload(kept.web)
    kept.manager.control(kept.web, 200)
    with pytest.raises(Conflict, match="still runs"):
        kept.uninstall()
    kept.manager.stop(kept.web)
    stopped = kept.until("stopped")
    kept.manager.stop(kept.web)

    assert running.pid
    assert paused.pid == running.pid
    assert stopped.pid is None
    assert kept.log.read_text().split("\n") == ["pause", "resume", "reload", "custom 200", ""]


@pytest.mark.slow
def test_a_restart_gives_another_process_and_comes_back_at_once(kept: Kept) -> None:
    kept.install()
    kept.manager.start(kept.web)
    before = kept.until("running")

    kept.manager.restart(kept.web)
    after = until(
        lambda: (
            status
            if (status := kept.status()).phase == "running" and status.pid != before.pid
            else None
        ),
        what="another process runs",
    )

    assert after.pid


@pytest.mark.slow
def test_a_host_that_gives_up_is_seen_with_its_own_status(kept: Kept) -> None:
    kept.failure = 69
    kept.install()

    kept.manager.start(kept.web)
    failed = kept.until("failed")

    assert (failed.reason, failed.exit_code) == ("ended with status 69", 69)


@pytest.mark.slow
def test_what_another_one_needs_is_its_dependency(kept: Kept) -> None:
    kept.install(kept.db)
    wanted = kept.install(kept.web, needs={kept.db: Need.READY})

    assert registry(kept.web)["DependOnService"] == [kept.db]
    assert kept.manager.plan(wanted) == ()


@pytest.mark.slow
def test_every_service_of_the_machine_is_listed(kept: Kept) -> None:
    kept.install()
    kept.manager.start(kept.web)
    running = kept.until("running")

    found = {each.name: each for each in kept.manager.list_native()}

    assert found[kept.web].pid == running.pid
    assert kept.manager.read_config("Eventlog").display_name
