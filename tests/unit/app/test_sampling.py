"""One look at the machine serves all who want to know, and nobody looks at nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from svcctl.app.sampling import Rates, Sample, Sampler
from svcctl.engine.manager import AgentManager
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld


class Looked:
    """A sampler of an agent, how often the machine was looked at, and who was told of what."""

    def __init__(self, world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.looks = world, 0
        self.manager = AgentManager(world.ports)
        self.sampler = Sampler(self.manager)
        self.told: dict[str, list[float]] = {}
        usage = world.spawner.usage

        def counted(*args: object, **named: object) -> object:
            self.looks += 1
            return usage(*args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(world.spawner, "usage", counted)

    async def keep(self, name: str = "web") -> None:
        document = canonical.dump(ServiceSpec(name=name, exec=("/bin/app",)))
        revision = canonical.revision(document)
        await self.manager.install(Applied(name=name, spec=document, revision=revision))
        self.manager.start(name)

    def ask(self, name: str, every: float, *, then: float | None = None) -> None:
        begun = self.world.clock.monotonic()
        told = self.told.setdefault(name, [])

        def tell(samples: Sequence[Sample]) -> float | None:
            assert [each.keeper.name for each in samples] == self.manager.names()
            told.append(self.world.clock.monotonic() - begun)
            return then

        self.sampler.every(every, tell)


@pytest.fixture
def looked(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> Looked:
    return Looked(world, monkeypatch)


async def test_two_who_want_to_know_share_their_looks(looked: Looked) -> None:
    await looked.keep()
    looked.ask("fine", 10.0)
    looked.ask("coarse", 60.0)

    looked.world.clock.forward(120.0)

    assert looked.told["coarse"] == [60.0, 120.0]
    assert looked.told["fine"] == [10.0 * number for number in range(1, 13)]
    assert looked.looks == 12


async def test_who_asks_for_a_sooner_look_has_it(looked: Looked) -> None:
    await looked.keep()
    looked.ask("usual", 60.0)
    looked.ask("hurried", 60.0, then=5.0)

    looked.world.clock.forward(70.0)

    assert looked.told == {"usual": [60.0], "hurried": [60.0, 65.0, 70.0]}


async def test_a_look_begins_anew_with_the_next_start(looked: Looked) -> None:
    looked.ask("any", 60.0)
    assert looked.world.clock.next_at is None
    await looked.keep()
    looked.world.clock.forward(60.0)
    looked.manager.stop("web")
    looked.world.clock.forward(3_600.0)
    assert looked.world.clock.next_at is None

    looked.manager.start("web")
    looked.world.clock.forward(60.0)

    assert looked.told["any"] == [60.0, 3_720.0]


async def test_what_stands_still_is_not_looked_at(looked: Looked) -> None:
    await looked.keep()
    looked.ask("any", 60.0)
    looked.manager.pause("web")

    looked.world.clock.forward(120.0)

    assert looked.told["any"] == []


async def test_there_may_be_something_else_to_look_at(looked: Looked) -> None:
    told: list[Sequence[Sample]] = []
    there: list[str] = []
    looked.sampler.every(10.0, told.append, also=lambda: bool(there))
    assert looked.world.clock.next_at is None

    there.append("a host")
    looked.sampler.look_again()
    looked.world.clock.forward(25.0)

    assert told == [[], []]


async def test_a_look_that_fails_is_not_the_last(
    looked: Looked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await looked.keep()
    looked.ask("any", 60.0)

    def refuse(*_: object, **__: object) -> object:
        raise OSError(24, "no descriptor is left")

    with monkeypatch.context() as broken:
        broken.setattr(looked.world.spawner, "usage", refuse)
        looked.world.clock.forward(60.0)
    looked.world.clock.forward(60.0)

    assert [each.message for each in caplog.records] == ["sampling.failed"]
    assert looked.told["any"] == [120.0]


async def test_nobody_is_told_once_it_is_closed(looked: Looked) -> None:
    await looked.keep()
    looked.ask("any", 60.0)

    looked.sampler.close()
    await looked.keep("db")
    looked.world.clock.forward(120.0)

    assert looked.told["any"] == []


def test_what_only_grows_has_a_rate_from_the_second_time_on() -> None:
    rates = Rates()

    assert rates.take("web", 5.0, at=10.0) is None
    assert rates.take("web", 7.0, at=14.0) == 0.5
    assert rates.take("web", 1.0, at=15.0) is None  # another process
    rates.keep([])
    assert rates.take("web", 9.0, at=16.0) is None
