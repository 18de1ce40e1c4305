"""What is restarted again and again is one piece of news, whichever agent saw it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.app.restarts import Restarts
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, FindingEnded, FindingMade
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy, RestartWhen
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld

WEB = ServiceSpec(
    name="web",
    exec=("/bin/app",),
    restart=RestartPolicy(policy=RestartWhen.ALWAYS, delay=1.0, factor=1.0, jitter=0.0, max=0),
)


class Counted:
    """An agent that counts restarts, and what it told."""

    def __init__(self, world: FakeWorld, told: list[Event]) -> None:
        self.world, self.told = world, told
        self.quiet: set[str] = set()
        self.manager = AgentManager(world.ports)
        world.bus.subscribe(self._notice)
        self.restarts = Restarts(self.manager, is_quiet=lambda pattern: pattern in self.quiet)

    def _notice(self, event: Event) -> None:
        if isinstance(event, FindingMade | FindingEnded):
            self.told.append(event)

    async def keep(self, spec: ServiceSpec = WEB) -> None:
        document = canonical.dump(spec)
        revision = canonical.revision(document)
        await self.manager.install(Applied(name=spec.name, spec=document, revision=revision))
        self.manager.start(spec.name)

    def fall(self, times: int, *, every: float = 60.0, tag: str = "web") -> None:
        for _ in range(times):
            self.world.child(tag).exit(1)
            self.world.clock.forward(every)

    @property
    def kinds(self) -> list[str]:
        return [type(each).__name__ for each in self.told]


@pytest.fixture
def counted(world: FakeWorld) -> Counted:
    found = Counted(world, [])
    found.restarts.begin()
    return found


async def test_flapping_is_told_once_and_is_over_after_a_rest(counted: Counted) -> None:
    await counted.keep()

    counted.fall(7)
    (found,) = counted.told
    counted.world.clock.forward(3_600.0)

    assert isinstance(found, FindingMade)
    assert (found.kind, found.service, found.instance) == ("flapping", "web", "web")
    assert found.observed == "4 restarts in 180 s"
    assert counted.kinds == ["FindingMade", "FindingEnded"]
    assert counted.told[1].fields() == {"pattern": found.pattern}
    assert counted.world.clock.next_at is None


async def test_restarts_without_a_wait_count_too(counted: Counted) -> None:
    await counted.keep(replace(WEB, restart=replace(WEB.restart, delay=0.0)))

    counted.fall(4, every=0.0)

    assert counted.kinds == ["FindingMade"]


async def test_restarts_that_somebody_asks_for_do_not_count(counted: Counted) -> None:
    await counted.keep()

    for _ in range(9):
        counted.manager.restart("web")
        counted.world.clock.forward(10.0)

    assert counted.told == []


@pytest.mark.parametrize("end", ["stop", "remove"])
async def test_it_is_over_once_nothing_is_restarted_any_more(counted: Counted, end: str) -> None:
    await counted.keep()
    counted.fall(4)

    counted.manager.stop("web")
    counted.world.clock.forward(1.0)
    if end == "remove":
        await counted.manager.uninstall("web")

    assert counted.kinds == ["FindingMade", "FindingEnded"]
    assert counted.world.store.items("restarts") == []
    assert counted.world.clock.next_at is None


async def test_an_agent_that_was_killed_is_no_reason_to_begin_anew(counted: Counted) -> None:
    await counted.keep()
    counted.fall(3)

    later = Counted(counted.world.successor(), counted.told)
    later.manager.load()
    later.restarts.begin()
    assert later.told == []
    later.fall(1)
    assert later.kinds == ["FindingMade"]
    last = Counted(later.world.successor(), later.told)
    last.manager.load()
    last.restarts.begin()
    last.world.clock.forward(3_600.0)

    assert last.kinds == ["FindingMade", "FindingEnded"]


async def test_instances_are_counted_apart(counted: Counted) -> None:
    await counted.keep(replace(WEB, instances=2))

    counted.fall(2)
    counted.fall(3, tag="web.2")
    assert counted.told == []
    counted.fall(1, tag="web.2")

    assert [each.instance for each in counted.told] == ["web.2"]


async def test_what_somebody_called_false_is_not_told(counted: Counted) -> None:
    counted.quiet.add("web/flapping/web")
    await counted.keep()

    counted.fall(9)

    assert counted.told == []


async def test_what_cannot_be_read_is_begun_anew(
    counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    await counted.keep()
    counted.world.store.put("restarts", "web", {"state": 7})

    later = Counted(counted.world.successor(), [])
    later.manager.load()
    later.restarts.begin()
    later.fall(4)

    assert [each.message for each in caplog.records] == ["restarts.unreadable"]
    assert later.kinds == ["FindingMade"]
