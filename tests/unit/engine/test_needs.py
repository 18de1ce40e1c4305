"""Who waits for whom, and for how long, among services kept in a world of fakes."""

from __future__ import annotations

from dataclasses import replace

from svcctl.engine.manager import AgentManager
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import Need, ServiceSpec, Type
from svcctl.testing.world import FakeWorld


def spec(name: str, **changes: object) -> ServiceSpec:
    plain = ServiceSpec(name=name, exec=(name,), restart=RestartPolicy(jitter=0.0))
    return replace(plain, **changes)  # type: ignore[arg-type]


async def up(world: FakeWorld, *specs: ServiceSpec) -> AgentManager:
    manager = AgentManager(world.ports)
    for each in specs:
        document = canonical.dump(each)
        await manager.install(
            Applied(name=each.name, spec=document, revision=canonical.revision(document))
        )
    await manager.start_many(each.name for each in specs)
    return manager


def unmet(manager: AgentManager, name: str) -> list[str]:
    return manager.needs.unmet(manager.instance(name))


async def test_who_needs_a_ready_service_waits_until_it_is(world: FakeWorld) -> None:
    manager = await up(world, spec("web", needs={"db": Need.READY}), spec("db", ready="notify"))
    assert world.tags() == ["db"]
    assert unmet(manager, "web") == ["db to be ready"]
    assert manager.status(["web"])[0].reason == "waits for db to be ready"

    world.notices.say("db", {"READY": "1"})

    assert world.tags() == ["db", "web"]
    assert unmet(manager, "web") == []


async def test_who_needs_a_started_service_waits_for_its_program_only(world: FakeWorld) -> None:
    await up(world, spec("web", needs={"db": Need.STARTED}), spec("db", ready="notify"))

    assert world.tags() == ["db", "web"]


async def test_who_needs_a_healthy_service_waits_for_its_probes(world: FakeWorld) -> None:
    probe = Probe(heartbeat=60.0)
    manager = await up(world, spec("web", needs={"db": Need.HEALTHY}), spec("db", health=(probe,)))
    assert world.tags() == ["db"]
    assert unmet(manager, "web") == ["db to be healthy"]

    world.notices.say("db", {"WATCHDOG": "1"})

    assert world.tags() == ["db", "web"]


async def test_who_needs_work_done_waits_until_it_is(world: FakeWorld) -> None:
    await up(world, spec("web", needs={"migrate": Need.DONE}), spec("migrate", type=Type.ONESHOT))
    assert world.tags() == ["migrate"]

    world.child("migrate").exit(0)

    assert world.tags() == ["web"]


async def test_every_instance_of_what_is_needed_must_be_there(world: FakeWorld) -> None:
    await up(world, spec("web", needs={"db": Need.READY}), spec("db", ready="notify", instances=2))

    world.notices.say("db", {"READY": "1"})
    assert world.tags() == ["db", "db.2"]
    world.notices.say("db.2", {"READY": "1"})

    assert world.tags() == ["db", "db.2", "web"]


async def test_what_is_needed_and_crashes_is_waited_for_again(world: FakeWorld) -> None:
    await up(world, spec("web", needs={"db": Need.READY}), spec("db", ready="notify"))

    world.child("db").exit(1)
    world.clock.forward(1.0)
    assert world.tags() == ["db"]
    world.notices.say("db", {"READY": "1"})

    assert world.tags() == ["db", "web"]


async def test_who_waits_for_what_gave_up_says_so(world: FakeWorld) -> None:
    manager = await up(world, spec("web", needs={"db": Need.READY}), spec("db", ready="notify"))
    assert manager.needs.blocked_by(manager.instance("web")) == ""

    world.child("db").exit(78)

    assert manager.needs.blocked_by(manager.instance("web")) == "db"


async def test_who_waits_for_what_is_not_there_says_so(world: FakeWorld) -> None:
    manager = await up(world, spec("web", needs={"db": Need.READY}))

    assert unmet(manager, "web") == ["db, which is not there"]
    assert manager.needs.blocked_by(manager.instance("web")) == "db"


async def test_who_does_not_wait_is_blocked_by_nobody(world: FakeWorld) -> None:
    manager = await up(world, spec("web"))

    assert manager.needs.blocked_by(manager.instance("web")) == ""


async def test_who_is_stopped_while_it_waits_waits_no_more(world: FakeWorld) -> None:
    manager = await up(world, spec("web", needs={"db": Need.READY}), spec("db", ready="notify"))

    manager.stop("web")
    world.notices.say("db", {"READY": "1"})

    assert world.tags() == ["db"]
    assert manager.needs.waiting == set()


async def test_who_starts_after_another_waits_while_that_is_on_its_way(world: FakeWorld) -> None:
    manager = await up(world, spec("web", after=("db",)), spec("db", ready="notify"))
    assert world.tags() == ["db"]
    assert unmet(manager, "web") == ["db to be up"]

    world.notices.say("db", {"READY": "1"})

    assert world.tags() == ["db", "web"]


async def test_who_starts_after_another_does_not_need_it(world: FakeWorld) -> None:
    manager = await up(world, spec("db"), spec("web", after=("db", "nobody")))
    manager.stop("db")
    manager.stop("web")
    world.clock.forward()

    manager.start("web")

    assert world.tags() == ["web"]


async def test_a_chain_comes_up_from_its_end(world: FakeWorld) -> None:
    chain = ["a", "b", "c", "d"]
    specs = [
        spec(name, needs={before: Need.READY}) if before else spec(name)
        for name, before in zip(chain, ["", *chain], strict=False)
    ]

    await up(world, *reversed(specs))

    assert world.tags() == chain
