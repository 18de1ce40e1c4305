"""When a history is written, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.history import Historian
from svcctl.app.natives import Natives
from svcctl.app.sampling import Sampler
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.observe.history.store import History
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None: ...

    async def room(self) -> None: ...


class Kept:
    """An agent with a historian that may write to *folder*."""

    def __init__(self, world: FakeWorld, folder: Path) -> None:
        self.world, self._folder = world, folder
        self.manager = AgentManager(world.ports)
        self.natives = Natives()
        self.historian = Historian(self.manager, self.natives, Sampler(self.manager))

    def begin(self) -> None:
        path = str(self._folder / "history.db")
        self.historian.begin(lambda interval: History(path, interval=interval), interval=10.0)

    async def keep(self, name: str = "web") -> None:
        document = canonical.dump(ServiceSpec(name=name, exec=("/bin/app",)))
        revision = canonical.revision(document)
        await self.manager.install(Applied(name=name, spec=document, revision=revision))
        self.manager.start(name)

    async def forward(self, seconds: float) -> None:
        self.world.clock.forward(seconds)
        await self.past()  # the thread has written what came before

    async def past(self, since: str = "1h") -> Any:
        asked = Arguments({"since": since})
        return await self.historian.history(Selection(all=True), asked, Nobody())


@pytest.fixture
def kept(world: FakeWorld, tmp_path: Path) -> Iterator[Kept]:
    found = Kept(world, tmp_path)
    yield found
    found.historian.close()


async def test_what_runs_is_written_down_every_so_often(kept: Kept) -> None:
    await kept.keep()
    kept.world.child().memory_bytes = 42
    kept.begin()
    await kept.past()

    await kept.forward(10.0)
    await kept.forward(10.0)

    found = await kept.past()
    assert list(found["instances"]) == ["web"]
    assert [row[2] for row in found["instances"]["web"]] == [42, 42, 42]
    assert [row[1] for row in found["instances"]["web"]] == [None, 0.0, 0.0]


async def test_nothing_ticks_while_nothing_runs(kept: Kept) -> None:
    kept.begin()

    assert kept.world.clock.next_at is None
    await kept.keep()
    await kept.forward(10.0)
    assert len((await kept.past())["instances"]["web"]) == 1
    kept.manager.stop("web")
    kept.world.child().exit(0)
    await kept.forward(3600.0)

    assert len((await kept.past("2h"))["instances"]["web"]) == 1


async def test_nothing_ticks_where_no_history_is_kept(kept: Kept) -> None:
    await kept.keep()

    assert kept.world.clock.next_at is None
    with pytest.raises(Conflict, match="keeps no history") as caught:
        await kept.past()
    assert "--history" in caught.value.hint


async def test_a_disk_that_refuses_is_told_once_and_tried_again(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    await kept.keep()
    kept.begin()
    await kept.past()
    history = kept.historian._history
    assert history is not None
    history._db.execute("DROP TABLE point")
    history._db.execute("CREATE TABLE point (x)")

    for _ in range(3):
        kept.world.clock.forward(10.0)
        await asyncio.wrap_future(kept.historian._thread.submit(int))  # type: ignore[union-attr]
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    assert [each.message for each in caplog.records].count("history.not-written") == 1
