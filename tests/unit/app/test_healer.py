"""What is found is acted upon, through the verbs."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.app.healer import Healer
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.events import FindingMade, HookFailed
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import Hooks
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld


class Healed:
    """An agent that keeps ``web`` and heals it; *done* are the verbs that were asked for."""

    def __init__(self, world: FakeWorld) -> None:
        self.world, self.manager = world, AgentManager(world.ports)
        self.done: list[tuple[str, str]] = []
        self.refuses = False
        self.healer = Healer(self.manager, carry_out=self._carry_out)
        self.healer.begin()

    async def _carry_out(self, verb: str, service: str) -> object:
        self.done.append((verb, service))
        if self.refuses:
            raise Conflict("not now")
        return None

    async def keep(self) -> None:
        hook = Hooks(run={"dump": ("/bin/dump",)})
        spec = ServiceSpec(name="web", exec=("/bin/app",), hook=hook)
        document = canonical.dump(spec)
        applied = Applied(name="web", spec=document, revision=canonical.revision(document))
        await self.manager.install(applied)
        self.manager.start("web")

    async def find(self, action: str) -> None:
        await self.keep()
        now = self.world.clock.now()
        self.world.bus.publish(
            FindingMade(
                at=now,
                service="web",
                kind="rule",
                subject="stuck",
                pattern="web/rule/stuck",
                observed="1",
                expected="0",
                since=now,
                score=1.0,
                explanation="it is stuck",
                action=action,
                seen_in="web",
            )
        )
        await settled()


@pytest.fixture
def healed(world: FakeWorld) -> Healed:
    return Healed(world)


async def settled() -> None:
    """Let tasks that wait for nothing come to their ends."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_rule_may_ask_for_a_verb(healed: Healed) -> None:
    await healed.find("restart")

    assert healed.done == [("restart", "web")]


async def test_nothing_is_done_unless_it_is_asked_for(healed: Healed) -> None:
    await healed.find("")

    assert healed.done == []


async def test_a_verb_that_is_refused_is_logged(
    healed: Healed, caplog: pytest.LogCaptureFixture
) -> None:
    healed.refuses = True

    await healed.find("restart")

    assert [each.message for each in caplog.records] == ["healing.not_done"]


async def test_a_rule_may_run_a_command_of_the_service(healed: Healed) -> None:
    await healed.find("run:dump")

    child = healed.world.child("web:run:dump")
    assert child.launch.argv == ("/bin/dump",)
    child.exit(3)
    await settled()
    (failed,) = [each for each in healed.world.bus.events if isinstance(each, HookFailed)]
    assert failed.hook == "run:dump"


async def test_what_is_closed_does_nothing(healed: Healed) -> None:
    healed.healer.close()

    await healed.find("restart")

    assert healed.done == []
