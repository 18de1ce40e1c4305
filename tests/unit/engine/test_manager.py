"""Services kept in a world of fakes: definitions, order, and the agent's own life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from svcctl.engine import journal
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict, SpecError, UnknownService
from svcctl.events import PhaseChanged, SpecApplied
from svcctl.ports import Applied, Document, Identity, Usage
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy, Schedule, StopPolicy
from svcctl.spec.service import Need, ServiceSpec, Start, Type
from svcctl.testing.fakes import FakeChild, FakeSpawner
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]


def spec(name: str = "web", **changes: object) -> ServiceSpec:
    plain = ServiceSpec(name=name, exec=(name,), restart=RestartPolicy(jitter=0.0))
    return replace(plain, **changes)  # type: ignore[arg-type]


def applied(made: ServiceSpec) -> Applied:
    document = canonical.dump(made)
    return Applied(name=made.name, spec=document, revision=canonical.revision(document))


async def installed(world: FakeWorld, *specs: ServiceSpec) -> AgentManager:
    manager = AgentManager(world.ports)
    for each in specs:
        await manager.install(applied(each))
    return manager


async def up(world: FakeWorld, *specs: ServiceSpec) -> AgentManager:
    manager = await installed(world, *specs)
    await manager.start_many(each.name for each in specs)
    return manager


async def next_agent(world: FakeWorld, turns: Turns) -> tuple[AgentManager, FakeWorld, int]:
    after = world.successor()
    manager = AgentManager(after.ports)
    adopted = manager.load()
    await turns()
    return manager, after, adopted


def phases(manager: AgentManager) -> dict[str, str]:
    return {each.instance: each.phase for each in manager.status(manager.names())}


# --- definitions


async def test_an_installed_service_is_known_and_does_not_run(world: FakeWorld) -> None:
    manager = await installed(world, spec("web"), spec("db"))

    assert manager.names() == ["db", "web"]
    assert manager.query("web") == applied(spec("web"))
    assert phases(manager) == {"db": "stopped", "web": "stopped"}
    assert [e.change for e in world.bus.events if isinstance(e, SpecApplied)] == ["created"] * 2


async def test_a_service_is_installed_once(world: FakeWorld) -> None:
    manager = await installed(world, spec())

    with pytest.raises(Conflict, match="'web' is there already"):
        await manager.install(applied(spec()))


async def test_a_definition_that_cannot_be_read_is_refused(world: FakeWorld) -> None:
    manager = await installed(world)

    with pytest.raises(SpecError):
        await manager.install(Applied(name="web", spec={"name": "web", "colour": 1}, revision=""))

    assert manager.names() == []


async def test_what_runs_cannot_be_uninstalled(world: FakeWorld) -> None:
    manager = await up(world, spec())

    with pytest.raises(Conflict, match="still runs: web") as raised:
        await manager.uninstall("web")

    assert raised.value.hint == "svcctl stop web"


async def test_an_uninstalled_service_leaves_no_trace(world: FakeWorld) -> None:
    manager = await up(world, spec())
    manager.stop("web")
    world.clock.forward()

    await manager.uninstall("web")

    assert manager.names() == []
    assert world.store.items("service") == world.store.items(journal.KIND) == []


async def test_the_same_definition_changes_nothing(world: FakeWorld) -> None:
    manager = await up(world, spec())

    assert await manager.configure(applied(spec())) == "unchanged"


async def test_what_the_keeper_can_take_over_needs_no_restart(world: FakeWorld) -> None:
    manager = await up(world, spec())
    child = world.child()

    outcome = await manager.configure(applied(spec(stop=StopPolicy(signal="INT"))))
    manager.stop("web")

    assert outcome == "updated"
    assert child.signals == ["INT"]


async def test_a_changed_program_is_restarted(world: FakeWorld) -> None:
    manager = await up(world, spec())

    outcome = await manager.configure(applied(spec(exec=("web", "-v"))))
    world.clock.forward()

    assert outcome == "restarted"
    assert world.child().launch.argv == ("web", "-v")


async def test_a_changed_program_that_does_not_run_is_not_started(world: FakeWorld) -> None:
    manager = await installed(world, spec())

    assert await manager.configure(applied(spec(exec=("web", "-v")))) == "updated"
    assert world.tags() == []


async def test_every_verb_refuses_a_service_that_is_not_there(world: FakeWorld) -> None:
    manager = await installed(world, spec("db"))

    for verb in (manager.start, manager.stop, manager.restart, manager.pause, manager.query):
        with pytest.raises(UnknownService, match="no service 'web'") as raised:
            verb("web")
        assert raised.value.hint == "known: db"


async def test_a_service_disabled_by_its_definition_is_not_started(world: FakeWorld) -> None:
    manager = await installed(world, spec(start=Start.DISABLED))

    with pytest.raises(Conflict, match="disabled by its definition"):
        manager.start("web")


async def test_a_signal_goes_to_the_main_process(world: FakeWorld) -> None:
    manager = await up(world, spec())

    manager.signal("web", "USR1")

    assert world.child().signals == ["USR1"]


async def test_a_signal_to_nobody_is_refused(world: FakeWorld) -> None:
    manager = await installed(world, spec())

    with pytest.raises(Conflict, match="'web' has no process"):
        manager.signal("web", "USR1")


async def test_what_gave_up_can_be_reset(world: FakeWorld) -> None:
    manager = await up(world, spec())
    world.child().exit(78)
    assert phases(manager) == {"web": "failed"}

    manager.reset("web")

    assert phases(manager) == {"web": "running"}


async def test_a_pause_and_a_resume(world: FakeWorld) -> None:
    manager = await up(world, spec())

    manager.pause("web")
    assert phases(manager) == {"web": "paused"}
    manager.resume("web")

    assert phases(manager) == {"web": "running"}


# --- instances


async def test_instances_have_names_and_run_each(world: FakeWorld) -> None:
    manager = await up(world, spec(instances=3))

    assert world.tags() == ["web", "web.2", "web.3"]
    assert [each.name for each in manager.keepers("web.2")] == ["web.2"]
    assert [each.name for each in manager.keepers("web.1")] == ["web"]
    with pytest.raises(UnknownService):
        manager.keepers("web.4")


async def test_more_instances_of_what_runs_run(world: FakeWorld) -> None:
    manager = await up(world, spec())

    await manager.scale("web", 3)

    assert world.tags() == ["web", "web.2", "web.3"]
    assert manager.query("web").origins["instances"] == {"layer": "scale"}


async def test_more_instances_of_what_rests_rest(world: FakeWorld) -> None:
    manager = await installed(world, spec())

    await manager.scale("web", 3)

    assert world.tags() == []


async def test_fewer_instances_stop_and_go(world: FakeWorld, turns: Turns) -> None:
    manager = await up(world, spec(instances=3))

    await manager.scale("web", 1)
    world.clock.forward()
    await turns()

    assert world.tags() == ["web"]
    assert [key for key, _ in world.store.items(journal.KIND)] == ["web"]
    assert world.sinks["web.2"].closed


async def test_an_instance_that_is_wanted_again_while_it_leaves_is_not_doubled(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec(instances=2))
    leaving = world.child("web.2")
    leaving.dies_of = {"KILL"}

    await manager.scale("web", 1)
    await manager.scale("web", 2)
    assert world.tags() == ["web", "web.2"]
    leaving.exit(0)
    world.clock.forward()
    await turns()

    assert world.tags() == ["web", "web.2"]
    assert world.child("web.2") is not leaving
    assert [key for key, _ in world.store.items(journal.KIND)] == ["web", "web.2"]
    assert phases(manager) == {"web": "running", "web.2": "running"}


async def test_an_instance_that_still_leaves_keeps_its_service(world: FakeWorld) -> None:
    manager = await up(world, spec(instances=2))
    world.child("web.2").dies_of = {"KILL"}
    await manager.scale("web", 1)
    manager.stop("web")
    world.clock.forward()

    with pytest.raises(Conflict, match=r"still runs: web\.2"):
        await manager.uninstall("web")


async def test_an_instance_that_was_leaving_when_the_agent_was_killed_is_ended(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec(instances=2))
    world.child("web.2").dies_of = {"KILL"}
    await manager.scale("web", 1)

    _, after, _ = await next_agent(world, turns)
    after.clock.forward()

    assert after.tags() == ["web"]
    assert [key for key, _ in after.store.items(journal.KIND)] == ["web"]


async def test_no_service_takes_the_name_of_an_instance(world: FakeWorld) -> None:
    manager = await installed(world, spec("web", instances=2))

    with pytest.raises(Conflict, match=r"'web\.2'"):
        await manager.install(applied(spec("web.2")))


async def test_no_instance_takes_the_name_of_a_service(world: FakeWorld) -> None:
    manager = await up(world, spec("web"), spec("web.2"))

    with pytest.raises(Conflict, match=r"'web\.2'"):
        await manager.scale("web", 2)

    assert world.tags() == ["web", "web.2"]
    assert manager.specs["web"].instances == 1


async def test_no_new_service_has_instances_called_as_another(world: FakeWorld) -> None:
    manager = await installed(world, spec("web.2"))

    with pytest.raises(Conflict, match=r"'web\.2'"):
        await manager.install(applied(spec("web", instances=2)))


async def test_a_number_beyond_all_instances_is_a_name_like_any_other(world: FakeWorld) -> None:
    manager = await installed(world, spec("web", instances=2), spec("web.3"), spec("web.02"))

    assert manager.names() == ["web", "web.02", "web.3"]


async def test_a_digit_that_is_no_number_is_an_unknown_service(world: FakeWorld) -> None:
    manager = await installed(world, spec())

    with pytest.raises(UnknownService):
        manager.keepers("web.²")


# --- needs and order


async def test_a_start_starts_what_is_needed_first(world: FakeWorld) -> None:
    manager = await installed(
        world,
        spec("web", needs={"db": Need.READY}),
        spec("db", needs={"disk": Need.READY}),
        spec("disk"),
    )

    manager.start("web")

    assert world.tags() == ["disk", "db", "web"]


async def test_all_stop_dependants_first(world: FakeWorld, turns: Turns) -> None:
    manager = await up(world, spec("web", needs={"db": Need.READY}), spec("db"))

    stopping = asyncio.create_task(manager.stop_all())
    await turns()
    assert [event.service for event in phase_changes(world, "stopping")] == ["web"]
    world.clock.forward()
    await turns()
    world.clock.forward()
    await stopping

    assert [event.service for event in phase_changes(world, "stopped")] == ["web", "db"]


def phase_changes(world: FakeWorld, new: str) -> list[PhaseChanged]:
    return [e for e in world.bus.events if isinstance(e, PhaseChanged) and e.new == new]


async def test_to_kill_all_asks_nobody(world: FakeWorld) -> None:
    manager = await up(world, spec("web"), spec("db"))
    for child in world.spawner.running:
        child.dies_of = {"KILL"}

    manager.kill_all()
    world.clock.forward()

    assert phases(manager) == {"web": "stopped", "db": "stopped"}


# --- the agent's own life


async def stopped_in_order(manager: AgentManager, world: FakeWorld, turns: Turns) -> None:
    stopping = asyncio.create_task(manager.stop_all())
    while not stopping.done():
        await turns()
        world.clock.forward()
    await stopping
    manager.close()


async def test_what_runs_is_adopted(world: FakeWorld, turns: Turns) -> None:
    await up(world, spec("web"), spec("db"))
    before = world.spawner.running

    manager, after, adopted = await next_agent(world, turns)

    assert adopted == 2
    assert after.spawner.children == before
    assert phases(manager) == {"web": "running", "db": "running"}


async def test_to_close_leaves_programs_alone(world: FakeWorld) -> None:
    manager = await up(world, spec("web"), spec("db"))

    assert manager.close() == 2
    assert sorted(world.tags()) == ["db", "web"]


async def test_what_ran_when_the_agent_was_stopped_is_started_again(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec("web", start=Start.MANUAL), spec("db"))
    manager.stop("db")
    world.clock.forward()
    await stopped_in_order(manager, world, turns)

    manager, after, _ = await next_agent(world, turns)

    assert after.tags() == ["web"]


async def test_a_schedule_outlives_an_orderly_restart_of_the_agent(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec("job", type=Type.ONESHOT, schedule=Schedule(every=60.0)))
    world.clock.forward(60.0)
    world.child("job").exit(0)
    await stopped_in_order(manager, world, turns)

    manager, after, _ = await next_agent(world, turns)
    assert manager.instance("job").next_at is not None
    after.clock.forward(60.0)

    assert after.tags() == ["job"]


async def test_what_was_done_is_still_done_after_an_orderly_restart_of_the_agent(
    world: FakeWorld, turns: Turns
) -> None:
    migrate = spec("migrate", type=Type.ONESHOT)
    manager = await up(world, migrate, spec("web", needs={"migrate": Need.DONE}))
    world.child("migrate").exit(0)
    assert world.tags() == ["web"]
    await stopped_in_order(manager, world, turns)

    manager, after, _ = await next_agent(world, turns)

    assert phases(manager) == {"migrate": "finished", "web": "running"}
    assert after.tags() == ["web"]


async def test_a_page_of_the_journal_that_is_no_good_stops_nobody_else(
    world: FakeWorld,
    turns: Turns,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await up(world, spec("bad"), spec("good"))
    adopt = FakeSpawner.adopt

    def adopt_some(spawner: FakeSpawner, identity: Identity, **how: str) -> FakeChild | None:
        if how["tag"] == "bad":
            raise OverflowError("a pid that no system has")
        return adopt(spawner, identity, **how)

    monkeypatch.setattr(FakeSpawner, "adopt", adopt_some)

    manager, _, adopted = await next_agent(world, turns)

    assert adopted == 1
    assert phases(manager)["good"] == "running"
    assert "journal.unusable" in caplog.text


@pytest.mark.parametrize("damage", [{}, {"deadline": "soon"}, {"state": 7}])
async def test_what_may_run_unseen_is_not_started_a_second_time(
    world: FakeWorld, turns: Turns, damage: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSpawner, "survivors", lambda _: ())
    await up(world, spec("web"), spec("db"))
    page = dict(world.store.items(journal.KIND))["web"]
    world.store.put(journal.KIND, "web", {**page, **damage} if damage else {})

    manager, after, adopted = await next_agent(world, turns)

    assert adopted == 1
    assert sorted(after.tags()) == ["db", "web"]
    (web,) = manager.status(["web"])
    assert (web.phase, "may still run" in web.reason) == ("stopped", True)


async def test_after_a_reboot_what_is_enabled_starts(world: FakeWorld, turns: Turns) -> None:
    await up(world, spec("web"), spec("tool", start=Start.MANUAL), spec("db"))
    after = world.successor(rebooted=True)
    manager = AgentManager(after.ports)

    assert manager.load() == 0
    await turns()

    assert sorted(after.tags()) == ["db", "web"]
    assert manager.is_enabled("tool") is False


async def test_what_is_disabled_does_not_start_after_a_reboot(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec("web"))
    await manager.enable("web", enabled=False)
    after = world.successor(rebooted=True)

    AgentManager(after.ports).load()
    await turns()

    assert after.tags() == []


async def test_what_starts_delayed_waits_a_minute(world: FakeWorld, turns: Turns) -> None:
    await installed(world, spec("web", start=Start.DELAYED), spec("db"))
    after = world.successor(rebooted=True)
    manager = AgentManager(after.ports)

    manager.load()
    await turns()
    after.clock.forward(59.0)
    assert after.tags() == ["db"]
    after.clock.forward(1.0)

    assert after.tags() == ["db", "web"]


async def test_a_delayed_start_is_forgotten_with_its_agent(world: FakeWorld) -> None:
    await installed(world, spec("web", start=Start.DELAYED))
    after = world.successor(rebooted=True)
    manager = AgentManager(after.ports)
    manager.load()

    manager.close()
    after.clock.forward(100.0)

    assert after.tags() == []


async def test_a_service_that_cannot_be_read_does_not_hurt_the_others(
    world: FakeWorld, turns: Turns
) -> None:
    await up(world, spec("web"))
    world.store.put("service", "broken", {"spec": {"name": "broken", "colour": 1}})
    world.store.put(journal.KIND, "broken", {"state": 7})

    manager, _, adopted = await next_agent(world, turns)

    assert manager.names() == ["web"]
    assert adopted == 1


async def test_status_says_how_an_instance_is(world: FakeWorld) -> None:
    manager = await up(world, spec(groups=("shop",), labels={"tier": "front"}))
    world.child().memory_bytes = 4096

    (status,) = manager.status(["web"])

    assert (status.phase, status.ready, status.pid) == ("running", True, 1001)
    assert (status.memory_bytes, status.processes) == (4096, 1)
    assert (status.groups, status.labels) == (("shop",), {"tier": "front"})
    assert status.applied is True
    assert manager.glance(manager.instance("web")).memory_bytes is None


async def test_status_says_when_the_next_try_is_due(world: FakeWorld) -> None:
    manager = await up(world, spec())
    world.child().exit(1)
    world.clock.forward(0.25)

    (status,) = manager.status(["web"])

    assert status.phase == Phase.BACKOFF
    assert status.next_at == pytest.approx(world.clock.now() + 0.75)
    assert (status.exit_code, status.pid, status.started_at) == (1, None, None)


async def test_fewer_instances_of_what_rests_go_at_once(world: FakeWorld) -> None:
    manager = await installed(world, spec(instances=3))

    await manager.scale("web", 1)

    assert [each.name for each in manager.keepers("web")] == ["web"]


async def test_who_is_still_leaving_is_waited_for_when_all_stop(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, spec(instances=2, stop=StopPolicy(timeout=5.0)))
    world.child("web.2").dies_of = {"KILL"}
    await manager.scale("web", 1)

    stopping = asyncio.create_task(manager.stop_all())
    await turns()
    world.clock.forward()
    await turns()
    assert not stopping.done()
    world.clock.forward(5.0)
    world.clock.forward()
    await stopping

    assert world.tags() == []


async def test_who_is_still_leaving_is_killed_with_the_others(world: FakeWorld) -> None:
    manager = await up(world, spec(instances=2))
    world.child("web.2").dies_of = {"KILL"}
    await manager.scale("web", 1)

    manager.kill_all()
    world.clock.forward()

    assert world.tags() == []


async def test_a_restart_of_all_instances_starts_what_they_need(world: FakeWorld) -> None:
    manager = await installed(world, spec("web", needs={"db": Need.READY}), spec("db"))

    manager.restart("web")

    assert world.tags() == ["db", "web"]


async def test_the_use_of_the_processor_is_that_since_the_last_look(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = await up(world, spec())
    used = iter((1.0, 1.0, 6.0, 6.0))
    monkeypatch.setattr(world.spawner, "usage", lambda _, **__: [Usage(cpu_seconds=next(used))])

    found = []
    for _ in range(4):
        world.clock.forward(10.0)
        found.append(manager.status(["web"])[0].cpu)

    assert found == [10.0, 0.0, 50.0, 0.0]


async def test_a_new_run_begins_with_a_processor_unused(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = await up(world, spec(restart=RestartPolicy(delay=0.0)))
    monkeypatch.setattr(world.spawner, "usage", lambda _, **__: [Usage(cpu_seconds=9.0)])
    world.clock.forward(10.0)
    manager.status(["web"])

    world.child().exit(1)
    monkeypatch.setattr(world.spawner, "usage", lambda _, **__: [Usage(cpu_seconds=1.0)])
    world.clock.forward(10.0)

    assert manager.status(["web"])[0].cpu == 10.0
