"""Logs that others keep: followed in a thread of their own, judged and handed on in the loop."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.log_source import Follower, LogSource
from svcctl.app.watching import Watching
from svcctl.engine.manager import AgentManager
from svcctl.errors import SystemFault
from svcctl.events import Event, FindingEnded, FindingMade, WatchFailed, WatchRecovered
from svcctl.observe.logs.tail.past import TimeOf
from svcctl.ports import Applied, Document
from svcctl.record import Portion, Record
from svcctl.spec import canonical
from svcctl.spec.log_rule import LogRule
from svcctl.spec.service import ServiceSpec
from svcctl.spec.watch import WatchSpec
from svcctl.testing.world import FakeWorld

PATIENCE = 60.0  # seconds after which something is lost


class Script:
    """A log whose content a test gives; what it was asked is kept."""

    def __init__(self) -> None:
        self.coming: queue.Queue[Portion | Exception] = queue.Queue()
        self.acknowledged = 0
        self.taken = 0
        self.trouble = ""
        self.opened, self.closed = 0, threading.Event()
        self.asked = threading.Event()

    def take(self) -> list[Portion]:
        try:
            found = self.coming.get_nowait()
        except queue.Empty:
            return []
        if isinstance(found, Exception):
            raise found
        self.taken += 1
        return [found]

    def acknowledge(self) -> None:
        self.acknowledged = self.taken

    def wait(self, seconds: float) -> None:
        del seconds
        self.asked.wait(0.001)

    def behind(self) -> int:
        return 7

    def problem(self) -> str:
        return self.trouble

    def close(self) -> None:
        self.closed.set()


class Scripts:
    """The logs of all watches, by name."""

    def __init__(self) -> None:
        self.logs: dict[str, Script] = {}
        self.forgotten: list[str] = []

    def of(self, name: str) -> Script:
        return self.logs.setdefault(name, Script())

    def open(self, watch: WatchSpec) -> LogSource:
        self.of(watch.name).opened += 1
        return self.of(watch.name)

    def past(
        self, watch: WatchSpec, *, since: float, most: int | None, time_of: TimeOf
    ) -> Sequence[Iterator[Portion]]:
        del watch, since, most, time_of
        return []

    def forget(self, name: str) -> None:
        self.forgotten.append(name)


class Watched:
    """An agent that watches scripted logs."""

    def __init__(self, world: FakeWorld) -> None:
        self.world, self.manager, self.scripts = world, AgentManager(world.ports), Scripts()
        self.watching = Watching(self.manager)
        self.watching.begin()
        self.foreign = self.new()
        self.came = asyncio.Event()
        world.bus.subscribe(lambda _: self.came.set())

    def new(self) -> ForeignLogs:
        return ForeignLogs(self.manager, watching=self.watching, open_sources=lambda: self.scripts)

    async def keep(self, *rules: LogRule) -> None:
        spec = ServiceSpec(name="web", exec=("/bin/app",), rules=rules)
        document = canonical.dump(spec)
        revision = canonical.revision(document)
        await self.manager.install(Applied(name="web", spec=document, revision=revision))
        self.manager.start("web")

    def watch(self, spec: WatchSpec) -> Script:
        self.foreign.keep(spec.name, kept(spec))
        return self.scripts.of(spec.name)

    async def event(self, kind: type[Event], count: int = 1) -> Event:
        async with asyncio.timeout(PATIENCE):
            while True:
                self.came.clear()
                found = [each for each in self.world.bus.events if isinstance(each, kind)]
                if len(found) >= count:
                    return found[count - 1]
                await self.came.wait()

    async def finding(self, count: int = 1) -> FindingMade:
        found = await self.event(FindingMade, count)
        assert isinstance(found, FindingMade)
        return found


def kept(spec: WatchSpec) -> Document:
    return {"spec": canonical.dump(spec), "revision": "1", "origins": {}, "sources": {}}


def lines(*texts: str) -> Portion:
    return Portion(stream="/a.log", content="".join(f"{each}\n" for each in texts).encode())


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not check():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def watching(world: FakeWorld) -> AsyncIterator[Watched]:
    watched = Watched(world)
    watched.foreign.begin()
    try:
        yield watched
    finally:
        watched.foreign.close()


async def test_its_own_rules_judge_what_comes(world: FakeWorld) -> None:
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="nginx", path=("/a",), rules=(LogRule(match="ERROR"),)))

        log.coming.put(lines("fine", "an ERROR"))

        found = await watched.finding()
        assert (found.service, found.subject, found.samples) == ("nginx", "ERROR", ("an ERROR",))
        assert "of watch 'nginx'" in found.explanation
        await until(lambda: log.acknowledged == 1)


async def test_the_rules_of_the_service_whose_log_it_is_judge_it_too(world: FakeWorld) -> None:
    async with watching(world) as watched:
        await watched.keep(LogRule(match="ERROR", action="restart"))
        rule = LogRule(match="ERROR")
        log = watched.watch(WatchSpec(name="nginx", path=("/a",), service="web", rules=(rule,)))

        log.coming.put(lines("an ERROR"))

        own, of_service = await watched.finding(1), await watched.finding(2)
        assert (own.service, own.pattern) == ("web", "web/rule/nginx: ERROR")
        assert (of_service.pattern, of_service.action) == ("web/rule/ERROR", "restart")
        assert of_service.seen_in == "web"


async def test_entries_that_are_understood_are_judged_as_they_are(world: FakeWorld) -> None:
    async with watching(world) as watched:
        rule = LogRule(field_="_PID=7")
        log = watched.watch(WatchSpec(name="sshd", journal=("sshd.service",), rules=(rule,)))
        records = tuple(
            Record(raw=b"hello", at=1.0, message="hello", fields={"_PID": pid}) for pid in (6, 7)
        )

        log.coming.put(Portion(stream="journal", records=records))

        assert (await watched.finding()).samples == ("hello",)


async def test_what_was_written_meanwhile_counts_when_it_was_written(world: FakeWorld) -> None:
    async with watching(world) as watched:
        rule = LogRule(match="ERROR", count=2, within=60, cooldown=0)
        log = watched.scripts.of("a")
        log.coming.put(lines("1970-01-01T00:01:00Z ERROR one", "1970-01-01T00:03:00Z ERROR two"))
        log.coming.put(lines("1970-01-01T00:05:00Z ERROR three", "1970-01-01T00:05:30Z ERROR 4"))

        watched.watch(WatchSpec(name="a", path=("/a",), rules=(rule,)))

        found = await watched.finding()
        assert found.samples[-2:] == (
            "1970-01-01T00:05:00Z ERROR three",
            "1970-01-01T00:05:30Z ERROR 4",
        )
        assert found.at == world.clock.now()


async def test_a_line_that_does_not_come_is_noticed_and_noticed_to_come(world: FakeWorld) -> None:
    async with watching(world) as watched:
        rule = LogRule(match="beat", absent_for=60)
        log = watched.watch(WatchSpec(name="a", path=("/a",), rules=(rule,)))
        log.coming.put(lines("beat"))
        await until(lambda: log.acknowledged == 1 and log.coming.empty())
        await until(lambda: world.clock.next_at)

        world.clock.forward(61)
        await watched.finding()
        log.coming.put(lines("beat"))

        await watched.event(FindingEnded)


async def test_what_comes_is_handed_on(world: FakeWorld) -> None:
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",)))
        heard: list[tuple[str, Portion]] = []
        forget = watched.foreign.listen(lambda spec, portion: heard.append((spec.name, portion)))

        log.coming.put(lines("one"))
        await until(lambda: heard)
        forget()
        log.coming.put(lines("two"))
        await until(lambda: log.acknowledged == 2)

        assert heard == [("a", lines("one"))]
        (standing,) = [each.follower.standing for each in watched.foreign.standing()]
        assert (standing.lines, standing.last_at) == (2, world.clock.now())


async def test_a_problem_is_told_once_and_its_end_too(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.app.log_source._LAG_EVERY", 0.0)
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",), service="web"))
        log.trouble = "/a: permission denied"

        failed = await watched.event(WatchFailed)
        log.trouble = ""
        await watched.event(WatchRecovered)

        assert isinstance(failed, WatchFailed)
        assert (failed.service, failed.watch) == ("web", "a")
        assert failed.problem == "/a: permission denied"
        kinds = [type(each) for each in world.bus.events]
        assert kinds.count(WatchFailed) == kinds.count(WatchRecovered) == 1


async def test_what_cannot_be_followed_is_opened_again(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.app.log_source._PAUSES", (0.0,))
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",)))

        log.coming.put(SystemFault("journalctl ended"))
        log.coming.put(lines("one"))

        await watched.event(WatchFailed)
        await until(lambda: log.acknowledged == 1)
        assert log.opened == 2


async def test_a_mistake_of_ours_is_logged_and_the_log_followed_on(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("svcctl.app.log_source._PAUSES", (0.0,))
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",)))

        log.coming.put(ZeroDivisionError())
        await until(lambda: log.opened == 2)

    assert [each.message for each in caplog.records if each.levelno == logging.ERROR] == [
        "watch.failed"
    ]


async def test_a_new_agent_watches_what_was_kept(world: FakeWorld) -> None:
    async with watching(world) as watched:
        watched.watch(WatchSpec(name="a", path=("/a",), rules=(LogRule(match="ERROR"),)))
        watched.foreign.close()
        assert watched.scripts.of("a").closed.is_set()

        watched.foreign = watched.new()
        watched.foreign.begin()
        watched.scripts.of("a").coming.put(lines("ERROR"))

        assert (await watched.finding()).service == "a"


async def test_what_is_applied_unchanged_goes_on(world: FakeWorld) -> None:
    async with watching(world) as watched:
        spec = WatchSpec(name="a", path=("/a",))
        log = watched.watch(spec)
        await until(lambda: log.opened)

        watched.watch(spec)
        assert (log.opened, log.closed.is_set()) == (1, False)
        watched.watch(WatchSpec(name="a", path=("/b",)))

        await until(lambda: log.opened == 2)
        assert watched.foreign.specs["a"].path == ("/b",)


async def test_what_is_removed_is_forgotten(world: FakeWorld) -> None:
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",)))
        await until(lambda: log.opened)

        watched.foreign.keep("a", None)

        assert log.closed.is_set()
        assert (watched.foreign.kept, watched.foreign.specs) == ({}, {})
        assert watched.scripts.forgotten == ["a"]


async def test_what_another_version_wrote_is_told_and_left(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with watching(world) as watched:
        watched.foreign.keep("a", {"spec": {"name": "a", "odd": 1}})

        assert watched.foreign.specs == {}
    assert "watch.refused" in caplog.text


async def test_it_is_settled_once_each_log_is_open_or_cannot_be(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.app.log_source._PAUSES", (0.0,))
    async with watching(world) as watched:
        log = watched.watch(WatchSpec(name="a", path=("/a",)))
        watched.watch(WatchSpec(name="b", path=("/b",)))
        watched.scripts.of("b").coming.put(OSError(5, "no disk", "/b"))

        await watched.foreign.settle()

        assert (log.opened, watched.scripts.of("b").opened >= 1) == (1, True)


async def test_nothing_is_acknowledged_that_was_not_taken(world: FakeWorld) -> None:
    del world
    log, begun = Script(), asyncio.Event()

    def take(found: list[Portion]) -> None:
        del found
        begun.set()

    follower = Follower("a", lambda: log, take=take, told=print)
    await begun.wait()
    follower.stop()
    log.coming.put(lines("one"))
    await asyncio.to_thread(follower.join, PATIENCE)

    assert log.acknowledged in {0, log.taken}
    assert log.closed.is_set()
