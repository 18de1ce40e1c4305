"""Whatever changes by itself reaches the configuration, once, and in order."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from svcctl.errors import SpecError, UsageError
from svcctl.sdk.config import watched
from svcctl.sdk.config.follow import (
    ConfigSource,
    FilesChanged,
    SourceChange,
    Unreachable,
    follow,
)
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Listeners
from svcctl.sdk.config.polled import Answer, Polled
from svcctl.sdk.config.pushed import Pushed
from svcctl.sdk.config.secret import Secret
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.config.text import Format, Text, digest
from svcctl.sdk.config.watched import Look, Watched, differences, look_at
from svcctl.testing.fakes import FakeClock

T = TypeVar("T")

LONG_AGO = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Mailer:
    count: int = 0
    password: Secret = Secret("")  # noqa: RUF009 - immutable


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(main, 60))


async def reached(clock: FakeClock, check: Callable[[], object]) -> None:
    """Let time pass until *check* holds; whoever runs us limits how long that may be."""
    while not check():
        await asyncio.sleep(0.001)
        clock.forward(0.25)


class Following:
    """Collects what a source tells, while a test moves the clock."""

    def __init__(self, source: ConfigSource, clock: FakeClock) -> None:
        self.told: list[SourceChange] = []
        self._clock = clock
        self._task = asyncio.ensure_future(self._collect(source.changes()))

    async def _collect(self, changes: AsyncIterator[SourceChange]) -> None:
        async for each in changes:
            self.told.append(each)

    async def has(self, count: int) -> None:
        await reached(self._clock, lambda: len(self.told) >= count or self._task.done())

    async def looked(self, times: Callable[[], int]) -> None:
        """Come back once there were two more whole looks."""
        before = times()
        await reached(self._clock, lambda: times() >= before + 2)

    async def stop(self) -> None:
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task


class Looks:
    """The files to watch, and how often somebody wanted to know."""

    def __init__(self, *paths: Path) -> None:
        self.files = {str(path): digest(path.read_bytes()) for path in paths}
        self.times = 0

    def __call__(self) -> dict[str, str]:
        self.times += 1
        return self.files


def replace_file(path: Path, content: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(content)
    deadline = time.monotonic() + 60
    while True:
        try:
            draft.replace(path)
        except PermissionError:  # on Windows, while somebody reads it
            assert time.monotonic() < deadline
        else:
            return


def rewrite_in_place(path: Path, content: str) -> None:
    path.write_text(content)


def rewrite_with_the_same_time(path: Path, content: str) -> None:
    found = path.stat()
    path.write_text(content)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("change", [replace_file, rewrite_in_place, rewrite_with_the_same_time])
def test_a_change_of_a_file_is_told_once(
    tmp_path: Path, change: Callable[[Path, str], None]
) -> None:
    path = tmp_path / "app.toml"
    path.write_text("count = 1")
    looks, clock = Looks(path), FakeClock()

    async def watched() -> list[SourceChange]:
        following = Following(Watched(looks, clock=clock), clock)
        await following.looked(lambda: looks.times)
        change(path, "count = 2")
        await following.has(1)
        await following.looked(lambda: looks.times)
        await following.stop()
        return following.told

    assert run(watched()) == [FilesChanged(paths=(str(path),))]


def test_a_file_that_is_touched_or_rewritten_alike_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("count = 1")
    looks, clock = Looks(path), FakeClock()

    async def watched() -> list[SourceChange]:
        following = Following(Watched(looks, clock=clock), clock)
        await following.looked(lambda: looks.times)
        path.touch()
        await following.looked(lambda: looks.times)
        replace_file(path, "count = 1")
        await following.looked(lambda: looks.times)
        await following.stop()
        return following.told

    assert run(watched()) == []


def test_what_changed_before_anybody_watched_is_told_at_once(tmp_path: Path) -> None:
    path, other = tmp_path / "app.toml", tmp_path / "other.toml"
    path.write_text("count = 1")
    other.write_text("")
    looks, clock = Looks(path, other), FakeClock()
    path.write_text("count = 2")
    other.unlink()

    async def watched() -> list[SourceChange]:
        following = Following(Watched(looks, clock=clock), clock)
        await following.has(1)
        await following.stop()
        return following.told

    assert run(watched()) == [FilesChanged(paths=(str(path), str(other)))]


@pytest.mark.posix
def test_a_volume_of_kubernetes_is_seen_when_its_link_is_swapped(tmp_path: Path) -> None:
    for name in ("..v1", "..v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.toml").write_text(f"# {name}")
    (tmp_path / "..data").symlink_to("..v1")
    path = tmp_path / "app.toml"
    path.symlink_to("..data/app.toml")
    looks, clock = Looks(path), FakeClock()

    async def watched() -> list[SourceChange]:
        following = Following(Watched(looks, clock=clock), clock)
        await following.looked(lambda: looks.times)
        (tmp_path / "..data_tmp").symlink_to("..v2")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        await following.has(1)
        await following.stop()
        return following.told

    assert run(watched()) == [FilesChanged(paths=(str(path),))]


@pytest.mark.parametrize(
    ("changed_at", "doubt"), [(LONG_AGO * 10**9, 2.0), (LONG_AGO * 10**9 + 10**6, 0.1)]
)
def test_content_is_read_only_where_the_mark_cannot_tell(
    tmp_path: Path, changed_at: int, doubt: float
) -> None:
    path = tmp_path / "app.toml"
    path.write_text("old")
    os.utime(path, ns=(changed_at, changed_at))
    first = look_at({str(path): Look(digest="")}, LONG_AGO + 60)
    path.write_text("new")
    os.utime(path, ns=(changed_at, changed_at))

    old_enough = look_at(first, LONG_AGO + doubt + 0.2)
    too_young = look_at(first, LONG_AGO + doubt - 0.05)

    assert first[str(path)].digest == digest(b"old")
    assert old_enough == first
    assert differences(first, too_young) == (str(path),)


def test_a_file_that_cannot_be_read_has_changed(tmp_path: Path) -> None:
    before = {str(tmp_path): Look(digest="known")}

    once = look_at(before, 0.0)

    assert differences(before, once) == (str(tmp_path),)
    assert look_at(once, 0.0) == once


def test_a_file_of_which_the_network_says_nothing_just_now_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.toml"
    path.touch()
    before = {str(path): Look(digest="known")}

    def stale(_: str) -> bytes:
        raise OSError(errno.ESTALE, "stale")

    monkeypatch.setattr(watched, "read_some", stale)

    assert look_at(before, 0.0) == before


def test_a_file_that_never_stands_still_is_told_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    path.write_text("0")
    looks, clock = Looks(path), FakeClock()

    async def watched() -> list[SourceChange]:
        following = Following(Watched(looks, clock=clock), clock)
        number = 0
        while not following.told:
            number += 1
            await asyncio.sleep(0)
            replace_file(path, str(number))
            clock.forward(0.25)
        await following.stop()
        return following.told

    assert run(watched()) == [FilesChanged(paths=(str(path),))]


@pytest.mark.parametrize(
    ("every", "error"), [(0, UsageError), (-1.0, UsageError), ("5", SpecError)]
)
def test_an_interval_that_is_none_is_refused(every: float | str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Watched(dict, clock=FakeClock(), every=every)


def answers(*given: Answer | Exception) -> Callable[[], Answer]:
    left = list(given)

    def ask() -> Answer:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return ask


def test_a_source_that_is_polled_tells_each_new_answer_and_trouble_once() -> None:
    clock = FakeClock()
    other = Text(name="other", content="{}", format=Format.JSON)
    ask = answers("a", "a", None, OSError("down"), OSError("down"), "a", other, None)

    async def polled() -> list[SourceChange]:
        following = Following(Polled("api", ask, clock=clock, every="30s"), clock)
        await following.has(4)
        await following.stop()
        return following.told

    source = Polled("api", ask, clock=clock, every="30s")
    text = Text(name="api", content="a")
    assert source.name == "api"
    assert run(polled()) == [text, Unreachable(problem="OSError: down"), text, other]


def test_a_source_may_be_asked_by_a_coroutine() -> None:
    clock = FakeClock()

    async def ask() -> Answer:
        return "a"

    async def polled() -> list[SourceChange]:
        following = Following(Polled("api", ask, clock=clock, every=5), clock)
        await following.has(1)
        await following.stop()
        return following.told

    assert run(polled()) == [Text(name="api", content="a")]


def followed(live: Live[Mailer], source: ConfigSource, act: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(follow(live, source))
        await act()
        task.cancel()
        await asyncio.wait([task])

    run(main())


def test_pushed_texts_are_proposed_in_order_until_the_end() -> None:
    live = Live(Mailer, Sources(), clock=FakeClock())
    source = Pushed("consul")
    for number in range(1, 4):
        source.push(f"count = {number}")
    source.fail("no leader")
    source.push('{"count": 4}', format=Format.JSON)
    source.end()

    run(follow(live, source))

    assert live.value.count == 4
    assert [(each.version, each.who, each.origin) for each in live.history[1:]] == [
        (number, "consul", "consul") for number in range(2, 6)
    ]


class Connected:
    """A source that holds something open."""

    name = "connected"

    def __init__(self) -> None:
        self.is_open = False

    async def changes(self) -> AsyncGenerator[SourceChange, None]:
        self.is_open = True
        try:
            yield Text(name="connected", content="count = 1")
            await asyncio.Event().wait()
        finally:
            self.is_open = False


def test_who_stops_following_in_the_middle_of_a_change_closes_the_source() -> None:
    told, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        told.set()
        await go_on.wait()

    listeners: Listeners[Mailer] = Listeners(on_change=slow)
    live = Live(Mailer, Sources(), clock=FakeClock(), listeners=listeners)
    source = Connected()

    async def main() -> None:
        task = asyncio.ensure_future(follow(live, source))
        await told.wait()
        assert source.is_open
        task.cancel()
        await asyncio.wait([task])
        go_on.set()

    run(main())

    assert not source.is_open


def test_trouble_of_a_source_is_kept_as_a_refusal() -> None:
    live = Live(Mailer, Sources(), clock=FakeClock())
    source = Pushed("consul")
    source.fail("no leader")
    source.end()

    run(follow(live, source))

    assert live.rejected is not None
    assert [str(each) for each in live.rejected.mistakes] == ["consul: no leader"]


def test_a_watched_file_and_the_secrets_it_names_reach_the_configuration(tmp_path: Path) -> None:
    path, key = tmp_path / "app.toml", tmp_path / "key"
    path.write_text("count = 1\n")
    key.write_text("first")
    clock = FakeClock()
    live = Live(Mailer, Sources(files=(str(path),)), clock=clock)
    source = Watched(lambda: live.loaded.files, clock=clock)

    async def act() -> None:
        replace_file(path, f'count = 2\npassword = "file:{key.as_posix()}"\n')
        await reached(clock, lambda: len(live.history) == 2)
        replace_file(key, "second")
        await reached(clock, lambda: len(live.history) == 3)

    followed(live, source, act)

    assert live.value == Mailer(count=2, password=Secret("second"))
    assert [(each.who, each.origin) for each in live.history[1:]] == [
        ("files", str(path)),
        ("files", key.as_posix()),
    ]
