"""Breakers around real calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.errors import CircuitOpen, UsageError
from svcctl.sdk.happenings import CircuitMoved, Position
from svcctl.sdk.resilience.breaker import Breaker
from svcctl.testing.fakes import FakeClock

Turns = Callable[[], Awaitable[None]]


async def fail() -> str:
    raise ConnectionError("no route")


async def answer() -> str:
    return "answer"


async def failed(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker(fail)()


def a_breaker(clock: FakeClock, **more: object) -> Breaker:
    return Breaker("mail", clock=clock, window=4, half_open_probes=1, **more)  # type: ignore[arg-type]


def test_an_open_breaker_makes_no_call_and_says_when_the_next_is_made(clock: FakeClock) -> None:
    async def play() -> CircuitOpen:
        breaker = a_breaker(clock, cooldown="30s")
        await failed(breaker, 4)
        clock.forward(10.0)
        with pytest.raises(CircuitOpen, match="breaker 'mail' is open") as caught:
            await breaker(fail)()
        return caught.value

    refusal = asyncio.run(play())

    assert refusal.retry_in == 20.0
    assert refusal.hint == "the next try is made in 20s"


def test_its_changes_are_told_until_it_is_closed_again(clock: FakeClock) -> None:
    moves: list[CircuitMoved] = []

    async def play() -> None:
        breaker = a_breaker(clock, on_change=moves.append)
        await failed(breaker, 4)
        clock.forward(30.0)
        await failed(breaker, 1)
        clock.forward(30.0)
        assert await breaker(answer)() == "answer"
        assert breaker.position is Position.CLOSED

    asyncio.run(play())

    assert [(move.before, move.now) for move in moves] == [
        (Position.CLOSED, Position.OPEN),
        (Position.OPEN, Position.HALF_OPEN),
        (Position.HALF_OPEN, Position.OPEN),
        (Position.OPEN, Position.HALF_OPEN),
        (Position.HALF_OPEN, Position.CLOSED),
    ]


def test_a_fallback_stands_in_for_what_fails_and_for_what_is_refused(clock: FakeClock) -> None:
    reasons: list[type[Exception]] = []

    async def cached(error: Exception) -> str:
        reasons.append(type(error))
        return "cached"

    async def play() -> list[str]:
        breaker = a_breaker(clock, fallback=cached)
        return [await breaker(fail)() for _ in range(5)]

    assert asyncio.run(play()) == ["cached"] * 5
    assert reasons == [ConnectionError] * 4 + [CircuitOpen]


def test_a_plain_function_is_guarded_by_the_same_breaker(clock: FakeClock) -> None:
    breaker = a_breaker(clock, fallback=lambda error: f"instead of {error}"[:10])

    @breaker
    def fetch(key: str) -> str:
        """Fetch."""
        raise ConnectionError(key)

    answers = [fetch("a") for _ in range(5)]
    refused = asyncio.run(breaker(fail)())

    assert answers == ["instead of"] * 5
    assert refused == "instead of"
    assert breaker.position is Position.OPEN
    assert (fetch.__name__, fetch.__doc__) == ("fetch", "Fetch.")


def test_a_plain_function_without_a_fallback_raises(clock: FakeClock) -> None:
    breaker = a_breaker(clock)

    @breaker
    def fetch() -> str:
        raise ConnectionError("no route")

    for _ in range(4):
        with pytest.raises(ConnectionError):
            fetch()
    with pytest.raises(CircuitOpen):
        fetch()


def test_a_plain_function_cannot_wait_for_an_async_fallback(clock: FakeClock) -> None:
    async def cached(error: Exception) -> str:
        return str(error)

    with pytest.raises(UsageError, match="async fallback"):
        a_breaker(clock, fallback=cached)(str)


def test_a_plain_function_can_be_the_fallback(clock: FakeClock) -> None:
    breaker = a_breaker(clock, fallback=lambda error: f"instead of {error}")

    assert asyncio.run(breaker(fail)()) == "instead of no route"


def test_errors_that_do_not_count_pass_uncounted(clock: FakeClock) -> None:
    async def play() -> Position:
        breaker = a_breaker(clock, counts=(TimeoutError,), fallback=lambda _: "")
        await failed(breaker, 20)
        return breaker.position

    assert asyncio.run(play()) is Position.CLOSED


def test_calls_that_take_too_long_open_it(clock: FakeClock) -> None:
    async def play() -> Position:
        breaker = a_breaker(clock, slow_call="2s")
        for _ in range(4):
            async with breaker:
                clock.forward(2.0)
        return breaker.position

    assert asyncio.run(play()) is Position.OPEN


def test_a_window_of_time_forgets(clock: FakeClock) -> None:
    async def play() -> Position:
        breaker = Breaker("mail", window="10s", minimum_calls=4, clock=clock)
        await failed(breaker, 3)
        clock.forward(11.0)
        await failed(breaker, 3)
        return breaker.position

    assert asyncio.run(play()) is Position.CLOSED


def test_a_cancelled_probe_leaves_room_for_another(clock: FakeClock, turns: Turns) -> None:
    async def play() -> str:
        breaker = a_breaker(clock)
        await failed(breaker, 4)
        clock.forward(30.0)

        async def hang() -> None:
            async with breaker:
                await asyncio.Event().wait()

        probe = asyncio.ensure_future(hang())
        await turns()
        with pytest.raises(CircuitOpen):
            await breaker(answer)()
        probe.cancel()
        await asyncio.wait({probe})
        return await breaker(answer)()

    assert asyncio.run(play()) == "answer"


def test_calls_at_the_same_time_and_within_each_other_are_told_apart(clock: FakeClock) -> None:
    async def play() -> tuple[Position, Position]:
        outer, inner = a_breaker(clock), a_breaker(clock)

        @outer
        async def both() -> None:
            await failed(inner, 1)
            await asyncio.sleep(0)
            raise ConnectionError

        await asyncio.gather(*[both() for _ in range(4)], return_exceptions=True)
        return outer.position, inner.position

    assert asyncio.run(play()) == (Position.OPEN, Position.OPEN)


def test_it_serves_threads_too(clock: FakeClock) -> None:
    breaker = a_breaker(clock)

    for _ in range(4):
        with pytest.raises(ConnectionError), breaker:
            raise ConnectionError

    with pytest.raises(CircuitOpen), breaker:
        pytest.fail("it was entered")


@pytest.mark.parametrize(
    "terms",
    [
        {"failure_rate": 0.0},
        {"slow_rate": 1.1},
        {"window": 0},
        {"window": "0s"},
        {"minimum_calls": 0},
        {"half_open_probes": 0},
        {"cooldown": 0.0},
    ],
)
def test_a_breaker_that_cannot_work_is_refused(terms: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="breaker 'mail'"):
        Breaker("mail", **terms)  # type: ignore[arg-type]
