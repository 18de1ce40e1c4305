"""Hosts that speak, hosts that are gone, and managers that are asked instead."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

import pytest

from svcctl.app.native_watch import NativeWatch
from svcctl.app.natives import KeptNatively, Natives
from svcctl.errors import AgentUnreachable, StateFault, SystemFault
from svcctl.events import AgentLost, Event, PhaseChanged
from svcctl.ports import Cancel, InstanceStatus, Recorded
from svcctl.spec.service import Manager, ServiceSpec
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Request

Standing = Callable[[str, str], InstanceStatus]


PAGE = """# TYPE svcctl_service_up gauge
svcctl_service_up{service="web",service_instance="web"} 1
svcctl_service_up{service="shop",service_instance="shop"} 1
svcctl_agent_threads 1
"""


class FakeHost:
    """A host that has written *log*, and says how its service is while it *runs*."""

    def __init__(self, row: InstanceStatus) -> None:
        self.row, self.runs = row, True
        self.drops: set[int] = set()
        self.log: list[Recorded] = []
        self.asked: list[Request] = []
        self.about_to_say: list[Event] = []
        self._came = asyncio.Event()

    def says(self, event: Event) -> None:
        self.log.append(
            Recorded(
                number=len(self.log) + 1,
                at=event.at,
                kind=type(event).__name__,
                service=event.service,
                instance=event.instance,
                fields=event.fields(),
            )
        )
        if isinstance(event, PhaseChanged):
            self.row = replace(self.row, phase=event.new)
        self._came.set()

    def end(self) -> None:
        self.runs = False
        self._came.set()

    async def ask(self, request: Request) -> object:
        self.asked.append(request)
        while self.about_to_say:
            self.says(self.about_to_say.pop(0))
        return {"text": PAGE} if request.verb == "metrics" else [self.row]

    async def items(self, request: Request) -> list[object]:
        self.asked.append(request)
        after: Any = request.args["after"]
        lines: Any = request.args["lines"]
        found: list[object] = [asdict(each) for each in self.log if each.number > after]
        return found[-lines:]

    async def answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]:
        last: Any = request.args["after"]
        while True:
            for each in self.log[last:]:
                if each.number not in self.drops:
                    yield False, asdict(each)
                last = each.number
            if not self.runs:
                raise AgentUnreachable("the host went away")
            self._came.clear()
            await self._came.wait()


class FakeView:
    """A machine with these *hosts* of services, and what its managers say of them."""

    def __init__(self) -> None:
        self.registered: dict[str, KeptNatively] = {}
        self.problems: dict[str, str] = {}
        self.hosts: dict[str, FakeHost] = {}
        self.logs: dict[str, list[Recorded]] = {}
        self.said: dict[str, list[InstanceStatus]] = {}
        self.silent = self.managers_tell = False
        self.stir: Callable[[str], None] = lambda _: None
        self.looked: Callable[[], None] = lambda: None
        self.looks = 0

    def kept(self) -> tuple[Mapping[str, KeptNatively], Mapping[str, str]]:
        return dict(self.registered), self.problems

    def standing(self, names: Collection[str]) -> Mapping[str, list[InstanceStatus]]:
        self.looks += 1
        if self.silent:
            raise SystemFault("systemd does not answer")
        found = {name: self.said[name] for name in names if name in self.said}
        self.looked()
        return found

    def missed(self, name: str, after: int) -> list[Recorded]:
        if name in self.problems:
            raise StateFault(self.problems[name])
        return [each for each in self.logs.get(name, []) if each.number > after]

    def rows(self, name: str, said: object) -> list[InstanceStatus]:
        assert name in self.hosts
        assert isinstance(said, list)
        return said

    @asynccontextmanager
    async def converse(self, name: str) -> AsyncIterator[FakeHost]:
        host = self.hosts.get(name)
        if host is None or not host.runs:
            raise AgentUnreachable(f"the host of {name!r} does not answer")
        yield host

    def notice(self, call: Callable[[str], None]) -> tuple[Cancel, bool]:
        self.stir = call
        return lambda: None, True


class Post:
    """A watch over one service, ``web``, and what it told."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.view, self.store, self.clock = FakeView(), FakeStore(), FakeClock(now=1000.0)
        self.told: list[Event] = []
        self.written: list[Event] = []
        self.changes = 0
        self.natives = Natives()
        self.watch = self.new_watch()

    def new_watch(self) -> NativeWatch:
        self.natives = Natives()
        self.natives.bus.subscribe(self.told.append)
        self.natives.trail.subscribe(self.written.append)
        return NativeWatch(
            self.view, self.natives, store=self.store, clock=self.clock, changed=self._changed
        )

    def _changed(self) -> None:
        self.changes += 1

    def register(self, phase: str, *, hosted: bool = True) -> None:
        spec = ServiceSpec(name="web", exec=("/bin/app",), manager=Manager.SYSTEMD)
        self.view.registered["web"] = KeptNatively(spec=spec, revision="1", hosted=hosted)
        self.view.said["web"] = [self.standing("web", phase)]

    def begin_host(self, phase: str = "running") -> FakeHost:
        host = FakeHost(self.standing("web", phase))
        self.view.hosts["web"] = host
        return host

    def change(self, old: str, new: str) -> PhaseChanged:
        return PhaseChanged(
            at=self.clock.now(), service="web", instance="web", old=old, new=new, reason=""
        )

    @property
    def phases(self) -> list[str]:
        return [each.new for each in self.told if isinstance(each, PhaseChanged)]

    async def until(self, check: Callable[[], Any]) -> None:
        """Let threads and tasks do their work, and time pass, until *check* holds."""
        while not check():
            await asyncio.sleep(0.001)
            self.clock.forward(0.25)


@pytest.fixture
def post(standing: Standing) -> Iterator[Post]:
    made = Post(standing)
    yield made
    made.watch.close()


async def test_what_a_host_says_is_told_as_it_comes(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    host.says(post.change("running", "backoff"))
    host.says(AgentLost(at=post.clock.now(), pid=5, rebooted=False))  # a word of the host itself
    host.says(post.change("backoff", "failed"))
    await post.until(lambda: len(post.phases) == 2)

    assert post.phases == ["backoff", "failed"]
    assert len(post.told) == 2
    assert post.changes == 2  # it came, and was seen


async def test_a_host_is_not_believed_what_it_says_of_others(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    shop = {**post.view.registered, "shop": post.view.registered["web"]}
    post.view.registered = shop
    post.watch.begin()
    host.says(replace(post.change("running", "failed"), service="shop", instance="shop"))
    host.says(post.change("starting", "running"))

    await post.until(lambda: post.told)

    assert [each.service for each in post.told] == ["web"]


async def test_nothing_is_told_twice_and_nothing_missed_when_the_agent_was_away(
    post: Post,
) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    host.says(post.change("starting", "running"))
    await post.until(lambda: post.phases == ["running"])
    post.watch.close()

    host.says(post.change("running", "backoff"))
    host.says(post.change("backoff", "starting"))
    post.watch = post.new_watch()
    post.watch.begin()

    await post.until(lambda: len(post.phases) == 3)
    assert post.phases == ["running", "backoff", "starting"]


async def test_what_a_host_wrote_before_it_went_is_read_from_its_log(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    host.says(post.change("starting", "running"))
    await post.until(lambda: post.phases == ["running"])

    post.register("failed")
    host.end()
    lost = FakeHost(host.row)
    lost.log = list(host.log)
    lost.says(post.change("running", "failed"))
    post.view.logs["web"] = lost.log

    await post.until(lambda: len(post.phases) == 2)
    assert post.phases == ["running", "failed"]


async def test_a_look_is_of_the_past_where_a_host_wrote_meanwhile(post: Post) -> None:
    post.register("stopped")
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)
    gone = FakeHost(post.standing("web", "stopped"))
    post.view.logs["web"] = gone.log

    def live() -> None:
        if not gone.log:
            gone.says(post.change("stopped", "starting"))
            gone.says(post.change("starting", "running"))
            gone.says(post.change("running", "failed"))
            post.register("failed")

    post.view.said["web"] = [post.standing("web", "backoff")]
    post.view.looked = live
    looks = post.view.looks
    await post.until(lambda: post.view.looks > looks + 2)

    assert post.phases == ["starting", "running", "failed"]


async def test_how_a_host_is_counts_once_its_log_was_read_that_far(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)
    host.end()
    await post.until(lambda: post.view.looks)

    again = post.begin_host()
    again.about_to_say = [
        post.change("running", "backoff"),
        post.change("backoff", "starting"),
        post.change("starting", "failed"),
    ]
    await post.until(lambda: len(post.phases) >= 3)

    assert post.phases == ["backoff", "starting", "failed"]


async def test_what_cannot_be_read_for_a_while_is_not_met_anew(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    host.says(post.change("starting", "running"))
    await post.until(lambda: post.phases == ["running"])

    post.view.registered, kept = {}, post.view.registered
    post.view.problems = {"web": "'web.json' cannot be read: denied"}
    post.view.stir("")
    await post.until(lambda: not post.natives.kept)
    host.says(post.change("running", "paused"))
    post.view.registered, post.view.problems = kept, {}
    post.view.stir("")

    await post.until(lambda: len(post.phases) >= 2)
    assert post.phases == ["running", "paused"]


async def test_a_host_that_was_killed_is_told_of_by_its_manager(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    post.register("failed")
    host.end()
    await post.until(lambda: post.phases)
    post.begin_host("running")
    await post.until(lambda: len(post.phases) == 2)

    assert post.phases == ["failed", "running"]
    assert post.told[0].fields()["reason"] == "gave up"


async def test_a_unit_that_fails_before_its_host_lives_is_seen(post: Post) -> None:
    post.register("stopped")
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    post.register("failed")

    await post.until(lambda: post.phases == ["failed"])


async def test_a_manager_that_tells_is_looked_at_soon_and_else_seldom(
    post: Post, turns: Callable[[], Awaitable[None]]
) -> None:
    post.view.managers_tell = True
    post.register("stopped")
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)
    await post.until(lambda: post.clock.next_at and post.clock.next_at > due(post, 30.0))

    post.register("failed")
    post.view.stir("web")
    post.view.stir("web")

    await turns()
    assert post.clock.next_at is not None
    assert post.clock.next_at <= due(post, 0.25)
    await post.until(lambda: post.phases == ["failed"])


def due(post: Post, seconds: float) -> float:
    return post.clock.monotonic() + seconds


async def test_a_service_without_a_host_is_known_from_its_manager(post: Post) -> None:
    post.register("running", hosted=False)
    post.begin_host()
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    post.register("failed", hosted=False)

    await post.until(lambda: post.phases == ["failed"])
    assert not post.view.hosts["web"].asked


async def test_a_service_is_noticed_when_it_is_installed_and_when_it_is_gone(post: Post) -> None:
    post.watch.begin()
    await post.until(lambda: post.view.stir)
    assert post.view.looks == 0

    post.register("stopped")
    post.view.stir("")
    await post.until(lambda: post.natives.standing)
    post.view.registered.clear()
    post.view.stir("")

    await post.until(lambda: not post.natives.kept)
    assert post.store.items("native-seen") == []


async def test_while_everybody_speaks_no_timer_waits(
    post: Post, turns: Callable[[], Awaitable[None]]
) -> None:
    post.register("running")
    post.begin_host()

    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)
    await turns()

    assert post.clock.next_at is None


async def test_what_happened_long_before_a_service_was_met_is_written_down_and_no_news(
    post: Post,
) -> None:
    post.register("running")
    host = post.begin_host()
    host.says(post.change("running", "failed"))
    post.clock.forward(3600.0)
    host.says(post.change("starting", "running"))

    post.watch.begin()
    await post.until(lambda: post.phases)

    assert post.phases == ["running"]
    assert [each.new for each in post.written if isinstance(each, PhaseChanged)] == [
        "failed",
        "running",
    ]


async def test_of_a_long_past_only_the_end_is_written_down(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    for _ in range(150):
        host.says(post.change("starting", "running"))
        host.says(post.change("running", "starting"))
    host.says(post.change("starting", "running"))
    post.clock.forward(3600.0)

    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    assert not post.told
    assert len(post.written) == 200
    assert post.store.items("native-seen") == [("web", {"number": 301})]


async def test_a_log_that_began_anew_is_read_from_its_beginning(post: Post) -> None:
    post.store.put("native-seen", "web", {"number": 99})
    post.register("running")
    host = post.begin_host()
    host.says(post.change("starting", "running"))

    post.watch.begin()

    await post.until(lambda: post.phases == ["running"])


async def test_events_that_were_passed_over_are_asked_for(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    host.says(post.change("starting", "running"))
    await post.until(lambda: post.phases == ["running"])
    host.drops = {2}

    host.says(post.change("running", "paused"))
    host.says(post.change("paused", "running"))

    await post.until(lambda: len(post.phases) == 3)
    assert post.phases == ["running", "paused", "running"]


async def test_what_cannot_be_seen_is_said_once(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.register("stopped")
    post.view.problems = {"web": "'web.json' cannot be read: denied"}
    post.view.silent = True

    post.watch.begin()
    await post.until(lambda: post.view.looks > 3)

    said = [each.message for each in caplog.records if each.message == "natives.unseen"]
    assert len(said) == 2
    assert post.natives.problems[""] == "systemd does not answer"
    assert "web" in post.natives.problems


async def test_a_host_that_runs_and_does_not_speak_with_us_is_said_to(post: Post) -> None:
    post.register("running")

    post.watch.begin()

    await post.until(lambda: post.natives.problems)
    assert post.natives.problems == {"web": "the host of 'web' does not answer"}
    assert [each.phase for each in post.natives.standing] == ["running"]
    post.begin_host()
    await post.until(lambda: not post.natives.problems)


async def test_pages_are_those_of_hosts_that_speak(post: Post) -> None:
    post.register("running")
    host = post.begin_host()
    post.watch.begin()
    await post.until(lambda: not post.natives.unseen and post.natives.kept)

    own = 'svcctl_service_up{service="web",service_instance="web"} 1'
    assert await post.natives.pages() == {"web": own}
    host.runs = False
    assert await post.natives.pages() == {}
