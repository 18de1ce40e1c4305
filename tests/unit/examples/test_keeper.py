"""The example of a daemon for any program: policies, and a program that is changed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

Example = Callable[[str], ModuleType]

LASTING = "import time; time.sleep(60)"


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("policy", "status", "again"),
    [
        ("always", 0, True),
        ("always", 1, True),
        ("on-failure", 0, False),
        ("on-failure", -9, True),
        ("never", 1, False),
    ],
)
def test_the_policy_says_what_is_run_again(
    example: Example, policy: str, status: int, again: bool
) -> None:
    assert example("keeper").is_run_again(policy, status) is again


def started(trial: Any) -> list[object]:
    return [record["program"] for record in trial.log if record["event"] == "program.started"]


def test_a_program_that_fails_is_run_again_after_the_delay(example: Example) -> None:
    keeper = example("keeper")
    settings = {"program": program("raise SystemExit(3)"), "delay": "5s"}

    async def story() -> None:
        async with keeper.Keeper.test(config=settings) as t:
            await t.until(lambda: any(each["event"] == "program.ended" for each in t.log))
            assert len(started(t)) == 1
            await t.forward("5s")
            await t.until(lambda: len(started(t)) == 2)

    asyncio.run(story())


@pytest.mark.parametrize(("status", "end"), [(0, None), (3, 1)])
def test_where_it_is_not_run_again_the_service_ends_as_it_did(
    example: Example, status: int, end: int | None
) -> None:
    keeper = example("keeper")
    settings = {"program": program(f"raise SystemExit({status})"), "restart": "never"}

    async def story() -> None:
        async with keeper.Keeper.test(config=settings) as t:
            await t.until(lambda: t.phase == "stopped")
            crash = t.crash
            assert isinstance(crash, SystemExit)
            assert (crash.code or None) == end

    asyncio.run(story())


def test_a_new_configuration_brings_another_program_at_once(example: Example) -> None:
    keeper = example("keeper")
    first, second = program(LASTING), program(f"{LASTING} # another")

    async def story() -> None:
        async with keeper.Keeper.test(config={"program": first}) as t:
            await t.until(lambda: len(started(t)) == 1)
            await t.reload({"program": list(second)})
            await t.until(lambda: len(started(t)) == 2)

    asyncio.run(story())


def test_a_program_that_is_not_there_is_looked_for_again(example: Example) -> None:
    keeper = example("keeper")
    settings = {"program": ["/nowhere/to/be/found"], "delay": "1s"}

    async def story() -> None:
        async with keeper.Keeper.test(config=settings) as t:
            await t.ready()
            await t.forward("2s")
            missing = [each for each in t.log if each["event"] == "program.not-started"]
            assert len(missing) == 3

    asyncio.run(story())
