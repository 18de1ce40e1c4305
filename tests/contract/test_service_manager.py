"""What every manager of services must do, whoever keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import Conflict, UnknownService
from svcctl.ports import InstanceStatus
from svcctl.spec.service import Start
from tests.contract.managed import AgentManaged, FakeManaged, LaunchdManaged, Managed, applied


@pytest.fixture(params=["fake", "agent", "launchd"])
def managed(request: pytest.FixtureRequest, tmp_path: Path) -> Managed:
    match request.param:
        case "fake":
            return FakeManaged()
        case "agent":
            return AgentManaged()
        case _:
            return LaunchdManaged(tmp_path)


async def running(managed: Managed, name: str = "web", **changes: object) -> InstanceStatus:
    await managed.manager.install(applied(managed.spec(name, **changes)))
    await managed.manager.settle()
    managed.manager.start(name)
    return await managed.until(name, "running")


# --- definitions


async def test_an_installed_service_is_known_and_does_not_run(managed: Managed) -> None:
    wanted = applied(managed.spec(description="the shop"))

    await managed.manager.install(wanted)
    await managed.manager.settle()

    (status,) = managed.manager.status(["web"])
    assert managed.manager.names() == ["web"]
    assert managed.manager.query("web") == wanted
    assert (status.phase, status.pid, status.ready) == ("stopped", None, False)
    assert (status.service, status.instance) == ("web", "web")
    assert (status.spec_revision, status.description) == (wanted.revision, "the shop")


async def test_services_are_named_in_order_and_told_of_as_asked(managed: Managed) -> None:
    for name in ("web", "cache", "db"):
        await managed.manager.install(applied(managed.spec(name)))

    assert managed.manager.names() == ["cache", "db", "web"]
    assert [each.service for each in managed.manager.status(["web", "db"])] == ["web", "db"]
    assert managed.manager.status([]) == []


async def test_a_plan_says_what_will_be_done_and_does_nothing(managed: Managed) -> None:
    acts = managed.manager.plan(applied(managed.spec()))

    assert acts
    assert all(act.kind in {"write", "delete", "set", "run"} and act.target for act in acts)
    assert managed.manager.names() == []


async def test_once_it_is_done_there_is_nothing_left_to_plan(managed: Managed) -> None:
    wanted = applied(managed.spec())

    await managed.manager.install(wanted)

    assert managed.manager.plan(wanted) == ()
    assert await managed.manager.configure(wanted) == "unchanged"


async def test_a_service_is_installed_once(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec()))

    with pytest.raises(Conflict, match="'web' is there already"):
        await managed.manager.install(applied(managed.spec()))


async def test_a_changed_definition_is_planned_then_taken(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec()))
    changed = applied(managed.spec(description="the shop"))

    acts = managed.manager.plan(changed)
    outcome = await managed.manager.configure(changed)

    assert any(act.before is not None for act in acts)
    assert outcome == "updated"
    assert managed.manager.query("web") == changed


async def test_what_runs_cannot_be_uninstalled(managed: Managed) -> None:
    await running(managed)

    with pytest.raises(Conflict, match="still runs"):
        await managed.manager.uninstall("web")

    assert managed.manager.names() == ["web"]


async def test_an_uninstalled_service_is_forgotten_and_can_be_installed_anew(
    managed: Managed,
) -> None:
    await running(managed)
    managed.manager.stop("web")
    await managed.until("web", "stopped")
    acts = managed.manager.plan_removal("web")

    await managed.manager.uninstall("web")
    await managed.manager.settle()

    assert acts
    assert managed.manager.names() == []
    await managed.manager.install(applied(managed.spec()))
    assert managed.manager.names() == ["web"]


@pytest.mark.parametrize(
    ("start", "enabled"),
    [(Start.AUTO, True), (Start.DELAYED, True), (Start.MANUAL, False), (Start.DISABLED, False)],
)
async def test_a_definition_says_whether_a_service_starts_by_itself(
    managed: Managed, start: Start, enabled: bool
) -> None:
    await managed.manager.install(applied(managed.spec(start=start)))

    assert managed.manager.status(["web"])[0].enabled is enabled


async def test_enabling_and_disabling_hold_until_the_definition_says_otherwise(
    managed: Managed,
) -> None:
    await managed.manager.install(applied(managed.spec(start=Start.MANUAL)))

    await managed.manager.enable("web", enabled=True)
    enabled = managed.manager.status(["web"])[0].enabled
    await managed.manager.configure(applied(managed.spec(start=Start.MANUAL, description="x")))
    still = managed.manager.status(["web"])[0].enabled
    await managed.manager.configure(applied(managed.spec(start=Start.DISABLED)))

    assert (enabled, still) == (True, True)
    assert managed.manager.status(["web"])[0].enabled is False


# --- verbs


async def test_a_started_service_runs_and_a_stopped_one_does_not(managed: Managed) -> None:
    up = await running(managed)

    managed.manager.stop("web")
    down = await managed.until("web", "stopped")

    assert up.pid
    assert up.ready
    assert down.pid is None


async def test_what_runs_is_not_started_twice(managed: Managed) -> None:
    before = await running(managed)

    managed.manager.start("web")

    assert (await managed.until("web", "running")).pid == before.pid


async def test_what_does_not_run_may_be_stopped(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec()))

    managed.manager.stop("web")

    assert managed.manager.status(["web"])[0].phase == "stopped"


async def test_a_restart_gives_another_process(managed: Managed) -> None:
    before = await running(managed)

    managed.manager.restart("web")

    assert (await managed.until("web", "running", other_than=before.pid)).pid


async def test_a_restart_starts_what_does_not_run(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec()))
    await managed.manager.settle()

    managed.manager.restart("web")

    assert (await managed.until("web", "running")).pid


async def test_a_service_stands_still_until_it_may_go_on(managed: Managed) -> None:
    before = await running(managed)

    managed.manager.pause("web")
    paused = await managed.until("web", "paused")
    managed.manager.resume("web")
    after = await managed.until("web", "running")

    assert paused.pid == before.pid == after.pid


async def test_a_disabled_service_is_not_started(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec(start=Start.DISABLED)))

    with pytest.raises(Conflict, match="is disabled by its definition"):
        managed.manager.start("web")

    assert managed.manager.status(["web"])[0].phase == "stopped"


async def test_a_program_that_was_killed_is_started_again(managed: Managed) -> None:
    before = await running(managed)

    managed.manager.signal("web", "KILL")

    assert (await managed.until("web", "running", other_than=before.pid)).pid


async def test_a_signal_needs_a_process(managed: Managed) -> None:
    await managed.manager.install(applied(managed.spec()))

    with pytest.raises(Conflict):
        managed.manager.signal("web", "TERM")


async def test_failures_can_be_forgotten_at_any_time(managed: Managed) -> None:
    before = await running(managed)

    managed.manager.reset("web")

    assert (await managed.until("web", "running")).pid == before.pid


@pytest.mark.parametrize(
    "verb", ["query", "start", "stop", "restart", "pause", "resume", "reload", "reset"]
)
async def test_an_unknown_service_is_refused_by_every_verb(managed: Managed, verb: str) -> None:
    with pytest.raises(UnknownService, match="'wbe'"):
        getattr(managed.manager, verb)("wbe")


async def test_an_unknown_service_is_refused_by_every_definition(managed: Managed) -> None:
    manager = managed.manager
    with pytest.raises(UnknownService):
        manager.status(["wbe"])
    with pytest.raises(UnknownService):
        manager.plan_removal("wbe")
    with pytest.raises(UnknownService):
        manager.signal("wbe", "TERM")
    with pytest.raises(UnknownService):
        await manager.enable("wbe", enabled=True)
    with pytest.raises(UnknownService):
        await manager.uninstall("wbe")
    with pytest.raises(UnknownService):
        await manager.configure(applied(managed.spec("wbe")))
