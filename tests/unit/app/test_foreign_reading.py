"""Which watches a person means, and what they said, beside services."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.foreign_reading import ForeignPast, Records, chosen_watches, merged, watches_of
from svcctl.app.log_source import LogSource
from svcctl.app.watching import Watching
from svcctl.engine.manager import AgentManager
from svcctl.observe.logs.query import Line, Wanted
from svcctl.observe.logs.tail.past import TimeOf
from svcctl.observe.records.search import Found, Sought
from svcctl.record import Level, Portion, Record
from svcctl.spec import canonical
from svcctl.spec.watch import LogFormat, WatchSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection

NGINX = WatchSpec(name="nginx", path=("/n.log",), service="web")
APP = WatchSpec(name="app", path=("/a.log", "/b.log"))


class Quiet:
    """A log to which nothing comes."""

    def take(self) -> list[Portion]:
        return []

    def acknowledge(self) -> None:
        """Nothing was taken."""

    def wait(self, seconds: float) -> None:
        """Nothing comes."""

    def behind(self) -> int:
        return 0

    def problem(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is held."""


class Library:
    """What logs of others say already, by their paths; what was asked for is kept."""

    def __init__(self, **content: bytes) -> None:
        self.content = {f"/{name}.log": each for name, each in content.items()}
        self.most: list[int | None] = []

    def open(self, watch: WatchSpec) -> LogSource:
        del watch
        return Quiet()

    def past(
        self, watch: WatchSpec, *, since: float, most: int | None, time_of: TimeOf
    ) -> Sequence[Iterator[Portion]]:
        del since, time_of
        self.most.append(most)
        return [self._part(path) for path in watch.path]

    def _part(self, path: str) -> Iterator[Portion]:
        yield Portion(stream=path, content=self.content.get(path, b""))

    def forget(self, name: str) -> None:
        """Nothing was kept."""


@pytest.fixture
def library() -> Library:
    return Library(
        n=b"1970-01-01T00:00:02Z ERROR two\n1970-01-01T00:00:05Z five\n",
        a=b"1970-01-01T00:00:01Z one\n  more\n1970-01-01T00:00:04Z four\n",
        b=b"1970-01-01T00:00:03Z ERROR three\n",
    )


@asynccontextmanager
async def opened(world: FakeWorld, library: Library) -> AsyncIterator[ForeignLogs]:
    manager = AgentManager(world.ports)
    for spec in (NGINX, APP):
        world.store.put("watch", spec.name, {"spec": canonical.dump(spec)})
    foreign = ForeignLogs(manager, watching=Watching(manager), open_sources=lambda: library)
    foreign.begin()
    try:
        yield foreign
    finally:
        foreign.close()


@pytest.mark.parametrize(
    ("names", "named", "services", "watches"),
    [
        ((), None, (), ["app", "nginx"]),
        ((), "app", None, ["app"]),
        (("nginx",), None, None, ["nginx"]),
        (("web",), None, ("web",), []),
        (("web", "app"), "nginx", ("web",), ["nginx", "app"]),
        (("n*",), None, None, ["nginx"]),
        (("*",), None, ("*",), ["app", "nginx"]),
        (("unknown",), None, ("unknown",), []),
    ],
)
async def test_watches_are_named_as_services_are(
    world: FakeWorld,
    library: Library,
    *,
    names: tuple[str, ...],
    named: str | None,
    services: tuple[str, ...] | None,
    watches: list[str],
) -> None:
    async with opened(world, library) as foreign:
        left, found = chosen_watches(Selection(names=names), foreign, ["web"], named=named)

        assert found == watches
        assert (left.names if left else None) == services


async def test_labels_are_those_of_services(world: FakeWorld, library: Library) -> None:
    async with opened(world, library) as foreign:
        selection = Selection(labels=("a=b",))

        assert chosen_watches(selection, foreign, [], named=None) == (selection, [])
        assert watches_of(["web", "db"], foreign) == ["nginx"]


async def past(
    world: FakeWorld,
    library: Library,
    *names: str,
    wanted: Wanted | None = None,
    which: Sought | None = None,
    last: int | None = None,
) -> list[str]:
    async with opened(world, library) as foreign:
        reading = ForeignPast(
            foreign=foreign,
            wanted=wanted or Wanted(),
            which=which or Sought(),
            clock=world.clock,
        )
        found = reading.found(names, last=last)
        return [each.record.message.partition("\n")[0] for each in found]


async def test_records_of_all_files_come_by_time(world: FakeWorld, library: Library) -> None:
    messages = await past(world, library, "nginx", "app")

    assert messages == ["one", "ERROR two", "ERROR three", "four", "five"]
    assert library.most == [None, None]


async def test_the_last_are_looked_for_at_the_ends(world: FakeWorld, library: Library) -> None:
    assert await past(world, library, "nginx", "app", last=2) == ["four", "five"]
    assert library.most == [64 << 10, 64 << 10]


async def test_where_there_are_fewer_everything_is_read(world: FakeWorld, library: Library) -> None:
    error = Sought(level=Level.ERROR)

    assert await past(world, library, "app", which=error, last=9) == ["ERROR three"]
    assert library.most == [64 << 10, 1 << 20, 16 << 20, None]


async def test_only_what_is_wanted_is_given(world: FakeWorld, library: Library) -> None:
    grep = Wanted(grep=re.compile(b"more|two"))

    assert await past(world, library, "nginx", "app", wanted=grep) == ["one", "ERROR two"]
    assert await past(world, library, "app", wanted=Wanted(since=3.5)) == ["four"]
    only_one = Wanted(streams=frozenset({"stderr"}))
    assert await past(world, library, "app", wanted=only_one) == []


def test_a_watch_is_read_as_it_is_written() -> None:
    spec = WatchSpec(name="a", format=LogFormat.LOGFMT, multiline="none")
    content = b"level=error msg=x\r\n  level=info msg=y\r\n"

    found = list(Records(spec).of(Portion(stream="/a", content=content), now=1.0))

    assert [(each.level, each.message) for each in found] == [
        (Level.ERROR, "x"),
        (Level.INFO, "y"),
    ]


def test_entries_that_are_understood_stay_as_they_are() -> None:
    records = tuple(Record(raw=each, at=1.0, message="") for each in (b"one", b"two"))
    portion, reading = Portion(stream="journal", records=records), Records(APP)

    assert tuple(reading.of(portion, now=2.0)) == records
    assert tuple(reading.of(portion, now=2.0, grep=re.compile(b"w"))) == records[1:]


def test_ours_and_theirs_are_one_row() -> None:
    def found(*times: float) -> list[Found]:
        record = Record(raw=b"", at=0.0, message="")
        return [Found(Line(at, "a", "a", "", b""), record) for at in times]

    assert [each.line.at for each in merged(found(1, 3), found(2), last=None)] == [1, 2, 3]
    assert [each.line.at for each in merged(found(1, 3), found(2), last=2)] == [2, 3]
