"""Commands while the broker, or who takes them, is killed: none is lost, none is done twice."""

from __future__ import annotations

import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.statements import Reply, State
from svcctl.app.waiting import Emit
from svcctl.client.queue import Queue
from svcctl.wire import Selection
from tests.faults.trial import Effort
from tests.flows.conftest import boxed
from tests.flows.mq.front import Front, passable
from tests.flows.mq.sites import KINDS, Site, site_of
from tests.flows.mq.stand import Stand

_COMMANDS = 12  # of each round
_HOLDS = 600.0  # seconds a command may wait


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an account without rights can pass through."""
    made = passable(Path(tempfile.mkdtemp(prefix="svcctl-")))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module", params=KINDS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A broker that may be killed."""
    made = site_of(request.param, tmp_path_factory.mktemp(request.param))
    try:
        made.server.begin()
        yield made
    finally:
        made.server.end()


async def _ask(queue: Queue, host: str, reason: str) -> tuple[str, Reply]:
    made = queue.command(host, "reset", "web", args={"reason": reason}, within=_HOLDS)
    return reason, await queue.send_and_wait(made)


def _asking(queue: Queue, host: str, number: int) -> list[asyncio.Task[tuple[str, Reply]]]:
    return [asyncio.create_task(_ask(queue, host, f"{number}-{each}")) for each in range(_COMMANDS)]


def test_a_broker_that_is_killed_between_delivery_and_acknowledgement_loses_nothing(
    folder: Path, site: Site, chance: random.Random, effort: Effort
) -> None:
    rounds = effort.of(200, bounded=1)
    stand, done, broker = Stand(folder, site), Counter[str](), site.server

    async def reset(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        await asyncio.sleep(chance.random() * 0.05)
        done[args.text("reason") or ""] += 1
        return None

    stand.deeds["reset"] = reset

    async def story() -> None:
        asked: list[str] = []
        async with stand.open() as queue:
            await asyncio.to_thread(broker.restart)
            for number in range(rounds):
                asking = _asking(queue, stand.host, number)
                await asyncio.sleep(chance.random() * 0.6)
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
                replies = await asyncio.gather(*asking)
                asked += [reason for reason, _ in replies]
                assert {reply.state for _, reply in replies} == {State.DONE}
                assert done == Counter(asked)
                sys.stdout.write(f"{number + 1} rounds, {done.total()} commands, each done once\n")

    asyncio.run(story())

    assert done.total() == rounds * _COMMANDS


def test_a_front_that_is_killed_does_nothing_twice_and_answers_for_everything(
    folder: Path, site: Site, chance: random.Random, effort: Effort
) -> None:
    rounds = effort.of(200, bounded=2)

    async def story(front: Front) -> list[tuple[str, Reply]]:
        replies: list[tuple[str, Reply]] = []
        async with front.queue() as queue:
            for number in range(rounds):
                asking = _asking(queue, front.host, number)
                await asyncio.sleep(chance.random() * 0.4)
                await asyncio.to_thread(front.kill)
                await asyncio.to_thread(front.start)
                replies += await asyncio.gather(*asking)
        return replies

    with boxed(folder) as box:
        box.start_agent()
        front = Front(box, site)
        box.apply('[services.web]\nexec = ["sleep", "1000"]\n' + front.access)
        try:
            front.start()
            replies = asyncio.run(story(front))
        finally:
            front.kill()
        rows = box.ok("audit", "--verb", "reset", "-o", "json").json()

    begun = Counter(row["reason"] for row in rows if row["outcome"] == "asked")
    assert len(replies) == rounds * _COMMANDS
    for reason, reply in replies:
        assert reply.state in {State.DONE, State.UNKNOWN}, reply
        assert begun[reason] <= 1
        assert reply.state is State.UNKNOWN or begun[reason] == 1
