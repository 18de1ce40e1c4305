"""What every clock must do."""

from __future__ import annotations

from typing import Any


async def test_calls_come_later_and_in_the_order_they_are_due(world: Any) -> None:
    made: list[str] = []

    world.clock.later(0.03, lambda: made.append("second"))
    world.clock.later(0.01, lambda: made.append("first"))
    world.clock.later(0.0, lambda: made.append("at once"))
    assert made == []
    await world.until(lambda: len(made) == 3)

    assert made == ["at once", "first", "second"]


async def test_a_call_may_ask_for_another(world: Any) -> None:
    made: list[str] = []

    world.clock.later(0.0, lambda: world.clock.later(0.0, lambda: made.append("inner")))
    await world.until(lambda: made)

    assert made == ["inner"]


async def test_a_cancelled_call_is_never_made(world: Any) -> None:
    made: list[str] = []
    timer = world.clock.later(0.01, lambda: made.append("cancelled"))
    other = world.clock.later(0.02, lambda: made.append("made"))

    timer.cancel()
    timer.cancel()
    await world.until(lambda: made)
    other.cancel()  # harmless once it was made

    assert made == ["made"]


async def test_both_times_pass_together(world: Any) -> None:
    wall, monotonic = world.clock.now(), world.clock.monotonic()
    made: list[bool] = []
    world.clock.later(0.02, lambda: made.append(True))

    await world.until(lambda: made)

    assert world.clock.monotonic() - monotonic >= 0.019
    assert world.clock.now() >= wall
