"""What every spawner and child must do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from svcctl.errors import CannotSpawn
from svcctl.ports import Exit, Identity, Member


async def test_an_exit_is_told_once_and_never_from_within_a_call(
    world: Any, ends: list[Exit]
) -> None:
    child = world.start_and_exit(3)
    child.on_exit(ends.append)
    assert ends == []

    await world.until(lambda: ends)

    assert ends == [Exit(code=3)]
    child.close()


async def test_who_asks_late_is_told_as_well(world: Any, ends: list[Exit]) -> None:
    child = world.start_and_exit(3)
    first: list[Exit] = []
    child.on_exit(first.append)
    await world.until(lambda: first)

    child.on_exit(ends.append)
    assert ends == []
    await world.until(lambda: ends)

    assert ends == [Exit(code=3)]
    child.close()


async def test_a_signal_ends_it_but_not_before_it_returns(world: Any, ends: list[Exit]) -> None:
    child = world.start()
    child.on_exit(ends.append)

    child.signal("TERM")
    assert ends == []
    await world.until(lambda: ends)

    assert ends == [Exit(signal="TERM")]
    child.signal("TERM")  # what is gone already is no error
    child.close()


async def test_a_sweep_of_nothing_is_over_at_once(world: Any, ends: list[Exit]) -> None:
    child = world.start_and_exit(0)
    child.on_exit(ends.append)
    await world.until(lambda: ends)
    swept: list[tuple[Member, ...]] = []

    child.sweep(swept.append)

    assert swept == [()]
    child.close()


async def test_a_sweep_tells_whom_it_killed(world: Any, ends: list[Exit]) -> None:
    child = world.start_and_exit(0, leaving_a_child=True)
    child.on_exit(ends.append)
    await world.until(lambda: ends)
    (left,) = child.members()
    swept: list[tuple[Member, ...]] = []

    child.sweep(swept.append)
    assert swept == []
    await world.until(lambda: swept)

    assert swept == [(left,)]
    assert child.members() == ()
    child.close()


async def test_a_sweep_of_a_running_tree_ends_its_main_process_too(
    world: Any, ends: list[Exit]
) -> None:
    child = world.start()
    child.on_exit(ends.append)
    swept: list[tuple[Member, ...]] = []

    child.sweep(swept.append)
    await world.until(lambda: swept)

    assert ends == [Exit(signal="KILL")]
    assert [each.pid for each in swept[0]] == [child.identity.pid]
    child.close()


async def test_a_launch_that_cannot_be_is_refused(world: Any) -> None:
    with pytest.raises(CannotSpawn) as raised:
        world.spawner.spawn(world.refused())

    assert raised.value.permanent


async def test_a_child_that_was_let_go_can_be_adopted(world: Any, ends: list[Exit]) -> None:
    former = world.start(token="token-1")
    former.on_exit(lambda _: pytest.fail("it was let go"))
    identity = former.identity
    former.close()

    child = world.spawner.adopt(identity, tag="web", token="token-1")
    assert child is not None
    child.on_exit(ends.append)
    child.signal("KILL")
    await world.until(lambda: ends)

    assert child.identity == identity
    child.close()


async def test_nothing_is_adopted_that_is_not_the_very_process(world: Any) -> None:
    child = world.start(token="token-1")
    impostor: Identity = replace(child.identity, start_ticks=child.identity.start_ticks + 1)

    assert world.spawner.adopt(impostor, tag="web", token="token-1") is None

    await world.settle(child)


async def test_a_program_is_found_by_pid_and_by_token_while_it_runs(
    world: Any, ends: list[Exit]
) -> None:
    child = world.start(token="token-1")
    child.on_exit(ends.append)

    assert world.spawner.identify(child.identity.pid) == child.identity
    assert world.spawner.find("token-1") == child.identity
    assert world.spawner.find("token-2") is None

    await world.settle(child)
    assert world.spawner.find("token-1") is None


async def test_strays_are_killed_and_told_of(world: Any, ends: list[Exit]) -> None:
    child = world.start(token="token-1")
    child.on_exit(ends.append)
    swept: list[tuple[Member, ...]] = []

    world.spawner.strays("web", "token-1", swept.append)
    await world.until(lambda: swept and ends)

    assert [each.pid for each in swept[0]] == [child.identity.pid]
    child.close()


async def test_a_frozen_tree_lives_and_goes_on(world: Any, ends: list[Exit]) -> None:
    child = world.start()
    child.on_exit(ends.append)

    child.freeze()
    assert len(child.members()) == 1
    child.thaw()
    child.signal("TERM")
    await world.until(lambda: ends)

    assert ends == [Exit(signal="TERM")]
    child.close()


async def test_usage_is_given_in_the_order_of_the_children(world: Any) -> None:
    children = [world.start(), world.start()]

    found = world.spawner.usage(children)

    assert [each.processes for each in found] == [1, 1]
    assert [each.open_files for each in found] == [None, None]
    for child in children:
        await world.settle(child)


async def test_a_close_look_tells_threads_and_open_files_too(world: Any) -> None:
    child = world.start()

    (found,) = world.spawner.usage([child], closely=True)

    assert found.threads >= 1
    assert found.open_files >= 3
    await world.settle(child)


async def test_the_memory_a_tree_shares_with_nobody_is_told_for_single_ones(world: Any) -> None:
    child = world.start()

    assert world.spawner.private_bytes(child) >= 0
    await world.settle(child)


async def test_what_there_is_left_is_told_where_there_is_an_end(world: Any) -> None:
    child = world.start()

    most, left = world.spawner.most_open_files(child), world.spawner.memory_left()

    assert most is None or most > 3
    assert left is None or left > 1_000_000
    await world.settle(child)
