"""Trying again, with stamina underneath; it waits by the loop's time, so waits are none here."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest

from svcctl.errors import UsageError
from svcctl.sdk.happenings import Retried
from svcctl.sdk.resilience.budget import RetryBudget
from svcctl.sdk.resilience.deadline import deadline
from svcctl.sdk.resilience.retry import retry, without_waits
from svcctl.testing.fakes import FakeClock


class Flaky:
    """Fails the first *failures* times, with *error*."""

    def __init__(self, failures: int, error: type[Exception] = ConnectionError) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def call(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(f"failure {self.calls}")
        return "answer"

    async def ask(self) -> str:
        return self.call()


NO_WAIT: dict[str, Any] = {"on": ConnectionError, "wait": 0.0}


def test_a_decorated_coroutine_is_tried_until_it_answers() -> None:
    flaky = Flaky(2)

    @retry(**NO_WAIT)
    async def ask() -> str:
        return await flaky.ask()

    assert asyncio.run(ask()) == "answer"
    assert flaky.calls == 3


def test_a_plain_function_is_tried_too() -> None:
    flaky = Flaky(2)

    @retry(**NO_WAIT)
    def ask() -> str:
        return flaky.call()

    assert ask() == "answer"
    assert flaky.calls == 3


def test_a_block_is_tried_until_it_ends_well() -> None:
    flaky = Flaky(2)

    async def play() -> str:
        answer = ""
        async for attempt in retry(**NO_WAIT):
            with attempt:
                answer = await flaky.ask()
        return answer

    assert asyncio.run(play()) == "answer"
    assert flaky.calls == 3


def test_a_block_in_a_thread_is_tried_too() -> None:
    flaky = Flaky(1)

    for attempt in retry(**NO_WAIT):
        with attempt:
            flaky.call()

    assert flaky.calls == 2


def test_the_error_of_the_last_attempt_is_raised() -> None:
    flaky = Flaky(9)

    with pytest.raises(ConnectionError, match="failure 3"):
        retry(**NO_WAIT, attempts=3)(flaky.call)()


def test_other_errors_are_not_tried_again() -> None:
    flaky = Flaky(1, ValueError)

    with pytest.raises(ValueError, match="failure 1"):
        retry(**NO_WAIT)(flaky.call)()

    assert flaky.calls == 1


def test_each_retry_is_told_with_its_reason_and_its_wait() -> None:
    told: list[Retried] = []

    retry(on=ConnectionError, wait="1us", on_retry=told.append, chance=lambda: 1.0)(Flaky(3).call)()

    assert [each.tries for each in told] == [1, 2, 3]
    assert [round(each.wait * 1e6) for each in told] == [1, 2, 4]
    assert [str(each.error) for each in told] == ["failure 1", "failure 2", "failure 3"]
    assert {each.name for each in told} == {"Flaky.call"}


def test_no_retry_is_begun_that_the_deadline_leaves_no_time_for(clock: FakeClock) -> None:
    flaky = Flaky(9)

    async def play() -> None:
        async with deadline("1s", clock=clock):
            await retry(on=ConnectionError, wait="2s", clock=clock, chance=lambda: 1.0)(flaky.ask)()

    with pytest.raises(ConnectionError, match="failure 1"):
        asyncio.run(play())


def test_no_retry_is_begun_after_the_timeout(clock: FakeClock) -> None:
    flaky = Flaky(9)

    def slow() -> str:
        clock.stand_still(20.0)
        return flaky.call()

    with pytest.raises(ConnectionError, match="failure 3"):
        retry(**NO_WAIT, timeout="45s", clock=clock)(slow)()


def test_an_empty_budget_ends_the_tries_and_what_was_not_used_stays(clock: FakeClock) -> None:
    budget = RetryBudget(0.0, per_second=0.2, clock=clock)  # two tokens
    flaky = Flaky(99)

    for attempts in (1, 2, 9, 9):
        with pytest.raises(ConnectionError):
            retry(**NO_WAIT, attempts=attempts, budget=budget, clock=clock)(flaky.call)()

    assert flaky.calls == 1 + 2 + 2 + 1


def test_the_token_of_a_cancelled_wait_is_given_back(clock: FakeClock) -> None:
    budget = RetryBudget(0.0, per_second=0.1, clock=clock)  # one token

    async def play() -> None:
        failed = asyncio.Event()

        async def fail() -> None:
            failed.set()
            raise ConnectionError

        trying = retry(on=ConnectionError, wait="20s", budget=budget, chance=lambda: 1.0)(fail)
        task = asyncio.ensure_future(trying())
        await failed.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(play())
    assert budget.take()


def test_a_cancelled_attempt_is_not_tried_again() -> None:
    calls: list[int] = []

    async def play() -> bool:
        async def hang() -> None:
            calls.append(1)
            await asyncio.Event().wait()

        task = asyncio.ensure_future(retry(**NO_WAIT)(hang)())
        while not calls:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(play())
    assert calls == [1]


def test_without_waits_each_retry_makes_the_attempts_of_the_test() -> None:
    slow = retry(on=ConnectionError, wait="1h", wait_max="1h", timeout=None, attempts=5)
    first, second = Flaky(99), Flaky(99)

    with without_waits(attempts=3), pytest.raises(ConnectionError, match="failure 3"):
        slow(first.call)()
    with without_waits(attempts=9, cap=True), pytest.raises(ConnectionError, match="failure 5"):
        slow(second.call)()


def test_what_a_call_was_given_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    flaky = Flaky(1)

    def ask(password: str) -> str:
        assert password
        return flaky.call()

    with caplog.at_level(logging.DEBUG):
        retry(**NO_WAIT)(ask)("hunter2")

    assert "hunter2" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("bounds", [{"attempts": None, "timeout": None}, {"attempts": 0}])
def test_a_retry_without_end_or_without_a_call_is_refused(bounds: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a retry with"):
        retry(on=ConnectionError, **bounds)


def test_without_stamina_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stamina", None)

    with pytest.raises(UsageError, match="need the package") as caught:
        retry(**NO_WAIT)(Flaky(0).call)()

    assert caught.value.hint == "install it: pip install 'svcctl[sdk]'"
