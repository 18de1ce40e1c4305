"""Who comes with a crowd sets out with it; a few are not kept waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from svcctl.server.grpc.company import Company
from svcctl.testing.fakes import FakeClock

STEP = 0.003
CROWD = 10


class Asker:
    """Enters, and stays until it is answered."""

    def __init__(self, company: Company) -> None:
        self.has_set_out = False
        self.answered = asyncio.Event()
        self.task = asyncio.create_task(self._ask(company))

    async def _ask(self, company: Company) -> None:
        async with company:
            self.has_set_out = True
            await self.answered.wait()


class Scene:
    """A company, the time, and those who come."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.company = Company(self.clock)

    async def come(self, many: int = 1) -> list[Asker]:
        """Have so many come."""
        found = [Asker(self.company) for _ in range(many)]
        await asyncio.sleep(0)
        return found

    async def wait(self, seconds: float = 0.0) -> None:
        """Let time pass, and whoever was let go set out."""
        self.clock.forward(seconds)
        await asyncio.sleep(0)

    async def answer(self, askers: list[Asker]) -> None:
        """Have them answered, and gone."""
        for each in askers:
            each.answered.set()
        await asyncio.gather(*(each.task for each in askers), return_exceptions=True)

    async def crowd(self) -> None:
        """Have a crowd come, be answered and go, so that it is expected again."""
        found = await self.come(CROWD)
        await self.wait()
        assert set_out(found) == CROWD
        await self.answer(found)


def set_out(askers: list[Asker]) -> int:
    return sum(each.has_set_out for each in askers)


def played(story: Callable[[Scene], Awaitable[list[Asker]]]) -> None:
    """Have *story* happen; whoever it leaves behind is answered."""

    async def play() -> None:
        scene = Scene()
        await scene.answer(await story(scene))

    asyncio.run(play())


def test_a_few_set_out_at_once() -> None:
    async def story(scene: Scene) -> list[Asker]:
        found = await scene.come(3)
        await scene.wait()
        assert set_out(found) == 3

        found += await scene.come()
        await scene.wait()

        assert set_out(found) == 4
        return found

    played(story)


def test_a_crowd_is_waited_for_and_sets_out_together() -> None:
    async def story(scene: Scene) -> list[Asker]:
        await scene.crowd()
        found = await scene.come(2)
        await scene.wait()
        assert set_out(found) == 0

        found += await scene.come(CROWD - 2)
        await scene.wait(STEP)

        assert set_out(found) == CROWD
        return found

    played(story)


def test_those_who_are_being_answered_are_not_waited_for() -> None:
    async def story(scene: Scene) -> list[Asker]:
        early = await scene.come(CROWD - 1)
        await scene.wait()

        late = await scene.come()
        await scene.wait()

        assert set_out(late) == 1
        return early + late

    played(story)


def test_once_nobody_comes_any_more_nobody_is_waited_for() -> None:
    async def story(scene: Scene) -> list[Asker]:
        await scene.crowd()
        found = await scene.come(2)

        await scene.wait()
        await scene.wait(STEP)

        assert set_out(found) == 2
        return found

    played(story)


def test_however_they_come_nobody_waits_for_long() -> None:
    async def story(scene: Scene) -> list[Asker]:
        await scene.crowd()
        found = await scene.come()
        await scene.wait()
        for _ in range(4):
            assert set_out(found[:1]) == 0
            found += await scene.come()
            await scene.wait(STEP)

        assert set_out(found[:1]) == 1
        return found

    played(story)


def test_a_crowd_that_is_gone_is_forgotten() -> None:
    async def story(scene: Scene) -> list[Asker]:
        await scene.crowd()
        for _ in range(10):
            one = await scene.come()
            await scene.wait(4 * STEP)
            await scene.answer(one)

        alone = await scene.come()
        await scene.wait()

        assert set_out(alone) == 1
        return alone

    played(story)


def test_who_is_cancelled_keeps_nobody_waiting() -> None:
    async def story(scene: Scene) -> list[Asker]:
        found = await scene.come(2)
        found[0].task.cancel()

        await scene.wait()

        assert found[0].task.cancelled()
        assert found[1].has_set_out
        return found

    played(story)
