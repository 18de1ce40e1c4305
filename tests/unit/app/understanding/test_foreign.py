"""Logs that others keep are understood as if the service whose log it is had written them."""

from __future__ import annotations

from svcctl.app.findings import Findings
from svcctl.app.understanding.all import Understanding
from svcctl.app.understanding.allowance import Allowance
from svcctl.app.understanding.foreign_tap import ForeignTap
from svcctl.app.understanding.place import Place
from svcctl.engine.manager import AgentManager
from svcctl.events import SpecApplied
from svcctl.ports import Applied
from svcctl.record import Portion, Record
from svcctl.spec import canonical
from svcctl.spec.detect_policy import DetectPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.spec.watch import WatchSpec
from svcctl.testing.world import FakeWorld
from tests.unit.app.understanding.test_understanding import MemoryShelf, NoPast

NGINX = WatchSpec(name="nginx", path=("/a.log",))


class Heard:
    """An agent that understands what it hears of."""

    def __init__(self, world: FakeWorld) -> None:
        self.world, self.shelf = world, MemoryShelf()
        self.manager = AgentManager(world.ports)
        findings = Findings(store=world.store, events=NoPast(), bus=world.bus, clock=world.clock)
        place = Place(
            clock=world.clock,
            shelf=self.shelf,
            told=findings,
            allowance=Allowance(),
            cpu=lambda: 0.0,
        )
        self.understanding = Understanding(self.manager, place=place)
        self.understanding.begin()

    async def keep(self, *, on: bool = True) -> None:
        spec = ServiceSpec(name="web", exec=("/bin/app",), detect=DetectPolicy(on=on))
        document = canonical.dump(spec)
        revision = canonical.revision(document)
        await self.manager.install(Applied(name="web", spec=document, revision=revision))
        self.manager.start("web")

    def say(self, watch: WatchSpec, *lines: bytes) -> None:
        content = b"".join(line + b"\n" for line in lines)
        self.understanding.take(watch, Portion(stream="/a.log", content=content))

    def lines(self) -> dict[object, object]:
        return {each["service"]: each["lines"] for each in self.understanding.known()}


async def test_a_log_of_nobody_here_is_understood_by_itself(world: FakeWorld) -> None:
    heard = Heard(world)

    heard.say(NGINX, b"served page 1", b"served page 2")
    heard.understanding.take(
        NGINX, Portion(stream="journal", records=(Record(raw=b"begun", at=1.0, message="begun"),))
    )

    assert heard.lines() == {"nginx": 3}


async def test_a_log_of_a_service_is_understood_with_it(world: FakeWorld) -> None:
    heard = Heard(world)
    await heard.keep()
    world.sinks["web"].log("begun")

    heard.say(WatchSpec(name="nginx", path=("/a.log",), service="web"), b"served page 1")

    assert heard.lines() == {"web": 2}


async def test_nothing_is_understood_where_nobody_wants_it(world: FakeWorld) -> None:
    heard = Heard(world)
    await heard.keep(on=False)

    heard.say(WatchSpec(name="nginx", path=("/a.log",), service="web"), b"served page 1")
    heard.say(WatchSpec(name="other", path=("/a.log",), detect=False), b"served page 1")

    assert heard.lines() == {}


async def test_what_was_learnt_of_a_log_goes_with_it(world: FakeWorld) -> None:
    heard = Heard(world)
    heard.say(NGINX, b"served page 1")
    world.clock.forward(60)
    assert list(heard.shelf.kept) == ["nginx"]

    world.bus.publish(
        SpecApplied(at=world.clock.now(), service="nginx", change="removed", revision="")
    )

    assert (heard.lines(), heard.shelf.kept) == ({}, {})


def test_a_log_that_others_write_cannot_be_turned_off() -> None:
    tap = ForeignTap(lambda _source, _lines: None)

    tap.turn_off()
    tap.turn_on()

    assert (tap.runs(), tap.take_missed()) == (True, 0)
