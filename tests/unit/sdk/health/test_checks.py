"""Whoever asks is answered in time with the worst that was found; nothing is asked twice."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.result import (
    Group,
    Health,
    Result,
    Status,
    health_json,
    result_of,
    spring,
    worst,
)
from svcctl.testing.fakes import FakeClock

DEGRADED = Result(status=Status.DEGRADED, details={"free": 1})
Story = Callable[[Checks, FakeClock], Awaitable[None]]


def play(story: Story) -> None:
    """Run a story with checks on a clock that it moves."""

    async def told() -> None:
        clock = FakeClock()
        checks = Checks(clock=clock)
        try:
            async with asyncio.timeout(60):
                await story(checks, clock)
        finally:
            await checks.close()

    asyncio.run(told())


async def turns(count: int = 5) -> None:
    """Let others have their turn."""
    for _ in range(count):
        await asyncio.sleep(0)


async def fine() -> None:
    return


async def hangs() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise ConnectionError("password=abc refused")


def gives(call: Callable[[], object]) -> object:
    """A plain function that gives a coroutine."""
    return call()


class Counted:
    """A check that counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    async def ask(self) -> None:
        self.count += 1


@given(statuses=st.lists(st.sampled_from(Status)))
def test_the_worst_of_many_counts(statuses: list[Status]) -> None:
    found = worst(statuses)

    assert found in statuses or (not statuses and found is Status.UP)
    assert Status.DOWN not in statuses or found is Status.DOWN
    assert found is not Status.UP or set(statuses) <= {Status.UP}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (None, Status.UP),
        (True, Status.UP),
        (False, Status.DOWN),
        (DEGRADED, Status.DEGRADED),
        ("text", Status.UP),
    ],
)
def test_an_answer_has_a_meaning(answer: object, status: Status) -> None:
    assert result_of(answer).status is status


def test_without_checks_all_is_well() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        assert await checks.look() == Health(status=Status.UP)

    play(story)


def test_what_fails_is_down_and_says_why_without_secrets() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("fine", fine)
        checks.add("bad", fails)

        health = await checks.look()

        assert health.status is Status.DOWN
        assert not health.is_up
        assert health.checks["fine"].status is Status.UP
        assert health.checks["bad"].details == {"error": "ConnectionError: password=*** refused"}

    play(story)


def test_plain_functions_are_asked_in_threads_of_their_own() -> None:
    seen: list[str] = []

    def look() -> Result:
        seen.append(threading.current_thread().name)
        return DEGRADED

    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("disk", look)
        checks.add("bad", lambda: 1 / 0)

        health = await checks.look()

        assert health.checks["disk"] is DEGRADED
        assert seen == ["check disk"]
        assert "ZeroDivisionError" in str(health.checks["bad"].details)

    play(story)


def test_a_check_that_exits_has_failed_and_nothing_else() -> None:
    async def exits() -> None:
        sys.exit(7)

    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("async", exits)
        checks.add("plain", partial(sys.exit, 7))

        health = await checks.look()

        assert [each.details for each in health.checks.values()] == [{"error": "SystemExit: 7"}] * 2

    play(story)


def test_a_function_that_gives_something_to_wait_for_is_waited_for() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("bad", partial(gives, fails))

        assert (await checks.look()).status is Status.DOWN

    play(story)


@pytest.mark.parametrize(
    ("group", "asked"),
    [
        (None, {"alive", "db", "boot"}),
        (Group.LIVE, {"alive"}),
        (Group.READY, {"alive", "db"}),
        (Group.STARTUP, {"boot"}),
    ],
)
def test_each_group_has_its_checks_and_ready_includes_live(
    group: Group | None, asked: set[str]
) -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("alive", fine, groups=[Group.LIVE])
        checks.add("db", fine)
        checks.add("boot", fine, groups=[Group.STARTUP])

        assert set((await checks.look(group)).checks) == asked

    play(story)


def test_a_dependency_that_is_down_leaves_the_service_alive() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("alive", fine, groups=[Group.LIVE])
        checks.add("db", fails)

        assert (await checks.look(Group.LIVE)).status is Status.UP
        assert (await checks.look(Group.READY)).status is Status.DOWN

    play(story)


def test_a_check_that_hangs_does_not_hang_the_answer() -> None:
    async def story(checks: Checks, clock: FakeClock) -> None:
        checks.add("slow", hangs, timeout="2s")
        checks.add("fine", fine)
        asked = asyncio.create_task(checks.look())
        await turns()

        clock.forward(2)
        health = await asked

        assert health.checks["slow"].details == {"error": "no answer within 2s"}
        assert health.checks["fine"].status is Status.UP

    play(story)


def test_a_thread_that_hangs_is_not_joined_by_another_one() -> None:
    go_on, calls = threading.Event(), []

    def slow() -> None:
        calls.append(1)
        go_on.wait(60)

    async def story(checks: Checks, clock: FakeClock) -> None:
        checks.add("slow", slow, timeout=2, cache=1)
        first = asyncio.create_task(checks.look())
        await turns()
        clock.forward(2)
        await first
        clock.forward(10)

        second = await checks.look()

        assert second.checks["slow"].details == {"error": "no answer for 12.0s; it still runs"}
        assert len(calls) == 1
        go_on.set()
        while (await checks.look()).status is Status.DOWN:
            clock.forward(2)
            await asyncio.sleep(0.001)
        assert len(calls) >= 2

    play(story)


def test_a_check_that_will_not_be_cancelled_is_not_asked_again() -> None:
    released: list[bool] = []

    async def stubborn() -> None:
        while not released:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if released:
                    raise

    async def story(checks: Checks, clock: FakeClock) -> None:
        checks.add("slow", stubborn, timeout=2, cache=0)
        first = asyncio.create_task(checks.look())
        await turns()
        clock.forward(2)
        await first
        await turns()

        second = await checks.look()

        assert "it still runs" in str(second.checks["slow"].details)
        released.append(True)

    play(story)


def test_an_answer_holds_for_a_while() -> None:
    counted = Counted()

    async def story(checks: Checks, clock: FakeClock) -> None:
        checks.add("db", counted.ask, cache="5s")
        await checks.look()
        clock.forward(4.9)
        await checks.look()
        assert counted.count == 1

        clock.forward(0.2)
        await checks.look()

        assert counted.count == 2

    play(story)


def test_many_who_ask_at_once_share_one_run() -> None:
    counted = Counted()

    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("db", counted.ask, cache=0)

        found = await asyncio.gather(*(checks.look() for _ in range(10)))

        assert counted.count == 1
        assert {each.status for each in found} == {Status.UP}

    play(story)


def test_one_who_hangs_up_does_not_take_the_answer_from_the_others() -> None:
    async def story(checks: Checks, clock: FakeClock) -> None:
        go_on = asyncio.Event()

        async def waits() -> None:
            await go_on.wait()

        checks.add("db", waits)
        one, other = (asyncio.create_task(checks.look()) for _ in range(2))
        await turns()
        one.cancel()
        await turns()
        go_on.set()

        assert (await other).status is Status.UP
        assert one.cancelled()
        assert clock.next_at is None

    play(story)


def test_two_checks_cannot_have_one_name_but_one_can_follow_another() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("db", fails)
        with pytest.raises(UsageError, match="'db'"):
            checks.add("db", fine)

        checks.remove("db")
        checks.remove("db")
        checks.add("db", fine)

        assert (await checks.look()).is_up

    play(story)


def test_closing_ends_what_is_under_way() -> None:
    async def story(checks: Checks, _: FakeClock) -> None:
        checks.add("slow", hangs)
        asked = asyncio.create_task(checks.look())
        await turns()

        await checks.close()

        assert (await asked).checks["slow"].details == {"error": "the check was cancelled"}

    play(story)


def test_a_loop_that_ended_meanwhile_is_not_called() -> None:
    go_on, done = threading.Event(), threading.Event()

    def slow() -> None:
        go_on.wait(60)
        threading.current_thread().name = "ended"
        done.set()

    async def story() -> None:
        clock = FakeClock()
        checks = Checks(clock=clock)
        checks.add("outlasting", slow, timeout=1)
        asked = asyncio.create_task(checks.look())
        await turns()
        clock.forward(1)
        await asked

    asyncio.run(story())
    (thread,) = [each for each in threading.enumerate() if each.name == "check outlasting"]
    go_on.set()
    thread.join(60)

    assert done.is_set()
    assert not thread.is_alive()


HEALTH = Health(
    status=Status.DEGRADED,
    checks={"disk": DEGRADED, "db": Result(status=Status.UP)},
)


def test_health_is_told_as_spring_boot_does() -> None:
    assert spring(HEALTH) == {
        "status": "DEGRADED",
        "components": {
            "disk": {"status": "DEGRADED", "details": {"free": 1}},
            "db": {"status": "UP"},
        },
    }


def test_health_is_told_as_the_draft_has_it() -> None:
    assert health_json(HEALTH) == {
        "status": "warn",
        "checks": {"disk": [{"status": "warn", "output": "free: 1"}], "db": [{"status": "pass"}]},
    }
