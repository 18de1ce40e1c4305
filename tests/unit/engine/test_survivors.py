"""A journal that lost pages: what runs is found all the same, and nothing runs twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from svcctl.engine import journal
from svcctl.engine.manager import AgentManager
from svcctl.events import InstanceAdopted, ProgramFound
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import StopPolicy, StopTree
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]
WEB = ServiceSpec(name="web", exec=("web",))


def applied(spec: ServiceSpec) -> Applied:
    document = canonical.dump(spec)
    return Applied(name=spec.name, spec=document, revision=canonical.revision(document))


async def up(world: FakeWorld, spec: ServiceSpec) -> AgentManager:
    manager = AgentManager(world.ports)
    await manager.install(applied(spec))
    await manager.start_many([spec.name])
    return manager


def phases(manager: AgentManager) -> dict[str, str]:
    return {each.instance: each.phase for each in manager.status(manager.names())}


def found(world: FakeWorld) -> list[tuple[str, int]]:
    return [(e.instance, e.pid) for e in world.bus.events if isinstance(e, ProgramFound)]


async def test_a_program_whose_page_is_lost_is_adopted(world: FakeWorld, turns: Turns) -> None:
    await up(world, WEB)
    pid = world.child().identity.pid
    world.store.delete(journal.KIND, "web")
    after = world.successor()
    manager = AgentManager(after.ports)

    adopted = manager.load()
    await turns()

    assert adopted == 1
    assert after.tags() == ["web"]
    assert phases(manager) == {"web": "running"}
    assert found(after) == [("web", pid)]
    assert [e.pid for e in after.bus.events if isinstance(e, InstanceAdopted)] == [pid]


async def test_a_program_whose_page_cannot_be_read_is_adopted(
    world: FakeWorld, turns: Turns
) -> None:
    await up(world, WEB)
    world.store.put(journal.KIND, "web", {"state": 7})
    after = world.successor()

    assert AgentManager(after.ports).load() == 1
    await turns()

    assert after.tags() == ["web"]


async def test_a_program_that_is_newer_than_its_page_is_adopted(
    world: FakeWorld, turns: Turns
) -> None:
    manager = await up(world, WEB)
    ((_, page),) = world.store.items(journal.KIND)
    world.child().exit(1)
    manager.start("web")
    await turns()
    world.clock.forward(60.0)
    newer = world.child().identity
    world.store.put(journal.KIND, "web", page)
    after = world.successor()

    adopted = AgentManager(after.ports).load()
    await turns()

    assert adopted == 1
    assert after.child().identity == newer


async def test_a_program_of_an_unknown_service_waits_for_its_definition(
    world: FakeWorld, turns: Turns
) -> None:
    await up(world, WEB)
    pid = world.child().identity.pid
    world.store.delete(journal.KIND, "web")
    world.store.delete("service", "web")
    after = world.successor()
    manager = AgentManager(after.ports)
    assert manager.load() == 0

    await manager.install(applied(WEB))
    manager.start("web")
    await turns()

    assert after.tags() == ["web"]
    assert after.child().identity.pid == pid
    assert phases(manager) == {"web": "running"}


async def test_an_instance_there_is_no_place_for_is_ended(world: FakeWorld, turns: Turns) -> None:
    manager = await up(world, replace(WEB, instances=3))
    await turns()
    world.store.put("service", "web", _document(applied(replace(WEB, instances=2))))
    world.store.delete(journal.KIND, "web.3")
    manager.close()
    after = world.successor()

    AgentManager(after.ports).load()
    await turns()
    after.clock.forward(1.0)

    assert after.tags() == ["web", "web.2"]
    assert [name for name, _ in found(after)] == ["web.3"]


async def test_what_a_service_left_behind_as_it_likes_is_no_program(
    world: FakeWorld, turns: Turns
) -> None:
    await up(world, replace(WEB, stop=StopPolicy(tree=StopTree.MAIN)))
    world.store.delete(journal.KIND, "web")
    after = world.successor()

    assert AgentManager(after.ports).load() == 0
    await turns()

    assert found(after) == []


async def test_a_page_that_fits_is_believed(world: FakeWorld, turns: Turns) -> None:
    await up(world, WEB)
    after = world.successor()

    assert AgentManager(after.ports).load() == 1
    await turns()

    assert found(after) == []


def _document(wanted: Applied) -> dict[str, object]:
    return {
        "spec": wanted.spec,
        "revision": wanted.revision,
        "origins": {},
        "sources": {},
        "enabled": True,
    }
