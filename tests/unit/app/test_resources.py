"""What an agent finds out about the resources of what it keeps, in a world of fakes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.own_folders import OwnFolders
from svcctl.app.resources import Resources
from svcctl.app.sampling import Sampler
from svcctl.app.waiting import Nobody
from svcctl.engine.manager import AgentManager
from svcctl.engine.probing import Looked, Probing
from svcctl.events import FindingEnded, FindingMade
from svcctl.ports import Applied, Document
from svcctl.spec import canonical
from svcctl.spec.detect_policy import DetectPolicy
from svcctl.spec.policy import Limits
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection

MINUTE, HOUR = 60.0, 3_600.0
MIB = 1024**2
WEB = ServiceSpec(name="web", exec=("/bin/app",))


class Watched:
    """An agent that watches resources, what it told, and what nobody wants to hear."""

    def __init__(self, world: FakeWorld, told: list[FindingMade | FindingEnded]) -> None:
        self.world, self.told = world, told
        self.quiet: set[str] = set()
        self.manager = AgentManager(world.ports)
        world.bus.subscribe(self._notice)
        self.sampler = Sampler(self.manager)
        self.folder: tuple[int, int] | None = None
        folders = OwnFolders(lambda _: self.folder, clock=world.clock)
        self.resources = Resources(self.manager, self.sampler, told=self, folders=folders)

    def _notice(self, event: object) -> None:
        if isinstance(event, FindingMade | FindingEnded):
            self.told.append(event)

    def open_of(self, service: str) -> list[FindingMade]:
        found: dict[str, FindingMade] = {}
        for each in self.told:
            found.pop(each.pattern, None)
            if isinstance(each, FindingMade) and each.service == service:
                found[each.pattern] = each
        return list(found.values())

    def is_quiet(self, pattern: str) -> bool:
        return pattern in self.quiet

    @property
    def made(self) -> list[FindingMade]:
        return [each for each in self.told if isinstance(each, FindingMade)]

    @property
    def ended(self) -> list[str]:
        return [each.pattern for each in self.told if isinstance(each, FindingEnded)]

    async def keep(self, spec: ServiceSpec = WEB) -> None:
        await self.manager.install(applied(spec))
        self.manager.start(spec.name)

    def run(self, hours: float, memory: Callable[[float], float], *, tag: str = "web") -> None:
        """Let time pass in which the program uses *memory* (MiB) at an hour of its life."""
        keeper = self.manager.instance(tag)
        for _ in range(round(hours * 60)):
            age = self.world.clock.monotonic() - keeper.state.spawned_at
            self.world.child(tag).memory_bytes = int(MIB * memory(age / HOUR))
            self.world.clock.forward(MINUTE)

    def next_agent(self, *, orderly: bool = False, rebooted: bool = False) -> Watched:
        if orderly:
            self.resources.close()
        found = Watched(self.world.successor(rebooted=rebooted), self.told)
        found.manager.load()
        found.resources.begin()
        return found

    async def trends(self) -> list[Document]:
        found: Any = await self.resources.trends(Selection(all=True), Arguments({}), Nobody())
        json.dumps(found)
        return list(found)


def applied(spec: ServiceSpec) -> Applied:
    document = canonical.dump(spec)
    return Applied(name=spec.name, spec=document, revision=canonical.revision(document))


def leaking(hour: float) -> float:
    return 200.0 + 5.0 * hour


def steady(_: float) -> float:
    return 200.0


@pytest.fixture
def watched(world: FakeWorld) -> Watched:
    found = Watched(world, [])
    found.resources.begin()
    return found


async def test_a_leak_is_told_and_followed_to_the_end_of_the_process(watched: Watched) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory=1024 * MIB)))

    watched.run(18, leaking)

    (found,) = watched.made
    assert (found.kind, found.subject, found.pattern) == ("leak", "memory", "web/leak/memory")
    assert (found.service, found.instance, found.seen_in) == ("web", "web", "web")
    assert found.priority == ""
    assert "suspected" in found.explanation
    assert found.exhausted_at == pytest.approx(
        watched.world.clock.now() + (1024 - 290) / 5 * HOUR, rel=0.001
    )
    (row,) = await watched.trends()
    assert row["resource"] == "memory"
    assert row["per_hour"] == pytest.approx(5 * MIB, rel=0.05)
    assert watched.resources.trend("web") == pytest.approx(5 * MIB / 3_600, rel=0.05)

    watched.world.child().exit(1)

    assert watched.ended == ["web/leak/memory"]
    assert await watched.trends() == []
    assert watched.resources.trend("web") is None


async def test_an_agent_that_is_killed_loses_half_an_hour_of_a_leak_and_no_more(
    watched: Watched,
) -> None:
    await watched.keep()
    watched.run(9.7, leaking)

    later = watched.next_agent()
    later.run(7.5, leaking)

    assert [each.pattern for each in later.made] == ["web/leak/memory"]


async def test_what_was_told_before_the_agent_was_killed_is_not_told_again(
    watched: Watched,
) -> None:
    await watched.keep()
    watched.run(17, leaking)
    assert len(watched.made) == 1

    later = watched.next_agent()
    later.run(2, leaking)

    assert (len(later.made), later.ended) == (1, [])
    assert await later.trends()


async def test_a_leak_ends_with_its_process_though_no_agent_saw_it(watched: Watched) -> None:
    await watched.keep()
    watched.run(17, leaking)

    later = watched.next_agent(rebooted=True)
    await asyncio.sleep(0)  # it starts what is enabled in its first turn
    later.run(1, leaking)

    assert later.ended == ["web/leak/memory"]


async def test_what_starts_anew_again_and_again_never_leaks(watched: Watched) -> None:
    await watched.keep()

    for _ in range(6):
        watched.run(4, leaking)
        watched.manager.restart("web")
        watched.world.clock.forward(1.0)

    assert watched.told == []


async def test_what_is_nearly_exhausted_is_told_at_once_and_urgently(watched: Watched) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory=210 * MIB)))

    watched.run(0.1, steady)

    (found,) = watched.made
    assert (found.kind, found.priority) == ("leak", "P1")
    assert found.observed == "200.0 MiB of 210.0 MiB"
    watched.run(0.1, lambda _: 100.0)
    assert watched.ended == [found.pattern]


async def test_what_is_started_anew_at_its_limit_is_told_without_haste(watched: Watched) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory_restart=210 * MIB)))

    watched.run(0.1, steady)

    (found,) = watched.made
    assert (found.kind, found.priority) == ("leak", "")


async def test_files_are_judged_by_what_each_process_may_open(watched: Watched) -> None:
    await watched.keep()
    watched.world.child().open_files = 1_000

    watched.run(0.1, steady)

    (found,) = watched.made
    assert (found.subject, found.observed) == ("open files", "1000 of 1024")


async def test_memory_that_processes_share_is_counted_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory=210 * MIB)))
    watched.world.child().leftover.append(watched.world.child().members()[0])
    monkeypatch.setattr(watched.world.spawner, "private_bytes", lambda _: 40 * MIB)

    watched.run(0.2, steady)

    assert watched.made == []


async def test_what_fills_the_machine_within_minutes_is_told_before(watched: Watched) -> None:
    await watched.keep()
    spawner = watched.world.spawner
    spawner.left_bytes = 1_500 * MIB

    for minute in range(12):
        spawner.left_bytes = spawner.left_bytes - 60 * MIB
        watched.run(1 / 60, lambda _, minute=minute: 200.0 + 60 * minute)  # type: ignore[misc]

    (found,) = watched.made
    assert found.priority == "P1"
    assert "the rest is used up in" in found.observed


async def test_what_nears_its_limit_is_looked_at_more_often(watched: Watched) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory=512 * MIB)))
    child, clock = watched.world.child(), watched.world.clock

    for second in range(100):
        child.memory_bytes = 5 * MIB * second
        clock.forward(1.0)

    (found,) = watched.made
    assert found.at - 1_750_000_000.0 < 98.0  # all of it would be used after 102 seconds
    child.memory_bytes = 100 * MIB
    clock.forward(10.0)
    assert clock.next_at is not None
    assert clock.next_at - clock.monotonic() > 30.0


async def test_an_unusual_value_is_told_once_it_was_learnt_what_is_usual(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watched.keep(replace(WEB, detect=DetectPolicy(learning=2 * HOUR)))
    took = [0.02]

    def looked(_: Probing) -> tuple[Looked, ...]:
        return (Looked(probe="http :80", purpose="ready", good=True, seconds=took[-1]),)

    monkeypatch.setattr(Probing, "looked", property(looked))
    watched.run(3, steady)
    assert watched.made == []

    took.append(2.0)
    watched.run(0.1, steady)
    took.append(0.02)
    watched.run(0.1, steady)

    (found,) = watched.made
    assert (found.kind, found.observed) == ("unusual value", "2000 ms")
    assert found.subject.startswith("latency of http")
    assert watched.ended == [found.pattern]


@pytest.mark.slow
async def test_a_folder_that_fills_is_a_leak_of_the_disk(watched: Watched) -> None:
    await watched.keep(replace(WEB, cwd="/srv/web"))

    for tenth in range(18 * 6):
        watched.folder = (1_000 + 5 * tenth) * MIB, (9_000 - 5 * tenth) * MIB
        watched.run(1 / 6, steady)
        if looking := watched.resources._folders._looking:
            await looking

    (found,) = watched.made
    assert (found.kind, found.subject) == ("leak", "disk")
    assert "at its limit in" in found.observed


async def test_what_somebody_called_false_is_not_told(watched: Watched) -> None:
    watched.quiet.add("web/leak/memory is nearly exhausted")
    await watched.keep(replace(WEB, limits=Limits(memory=210 * MIB)))

    watched.run(0.1, steady)
    watched.world.child().exit(1)

    assert watched.told == []


async def test_a_service_that_does_not_want_it_is_left_alone(watched: Watched) -> None:
    limited = replace(WEB, limits=Limits(memory=210 * MIB))
    await watched.keep(replace(limited, detect=DetectPolicy(on=False)))
    watched.run(0.1, steady)
    assert watched.told == []

    await watched.manager.configure(applied(limited))
    watched.run(0.1, steady)
    await watched.manager.configure(applied(replace(limited, detect=DetectPolicy(on=False))))

    (found,) = watched.made
    assert watched.ended == [found.pattern]


async def test_instances_are_told_apart(watched: Watched) -> None:
    await watched.keep(replace(WEB, instances=2, limits=Limits(memory=210 * MIB)))

    watched.run(0.1, steady, tag="web.2")

    (found,) = watched.made
    assert (found.service, found.instance) == ("web", "web.2")
    assert found.pattern == "web.2/leak/memory is nearly exhausted"


async def test_a_state_that_cannot_be_read_is_begun_anew(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.keep()
    watched.run(0.1, steady)
    watched.world.store.put("resources of web", "web", {"state": {"version": 99}})

    later = watched.next_agent()
    later.run(0.1, steady)

    assert [each.message for each in caplog.records] == ["resources.unreadable"]
    later.next_agent(orderly=True).run(0.1, steady)
    assert len(caplog.records) == 1


async def test_nothing_is_left_of_what_is_removed(watched: Watched) -> None:
    await watched.keep()
    watched.run(0.1, steady)
    watched.manager.stop("web")
    watched.world.clock.forward(1.0)
    assert watched.world.store.items("resources of web")

    await watched.manager.uninstall("web")

    assert watched.world.store.items("resources of web") == []


async def test_nothing_ticks_while_nothing_runs(watched: Watched) -> None:
    assert watched.world.clock.next_at is None


async def test_what_was_told_is_over_though_the_next_agent_never_looked(
    watched: Watched,
) -> None:
    await watched.keep(replace(WEB, limits=Limits(memory=210 * MIB)))
    watched.run(0.1, steady)

    later = watched.next_agent()
    assert later.ended == []
    later.world.child().exit(1)

    assert later.ended == ["web/leak/memory is nearly exhausted"]
