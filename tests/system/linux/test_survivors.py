"""Programs of an earlier agent are known by their mark, and nobody else's are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.ports import Survivor
from svcctl.system.posix.spawn import PosixSpawner
from svcctl.system.posix.survivors import mark_in, survivors

pytestmark = pytest.mark.slow
MARK = f"mark-{os.getpid()}"


@pytest.fixture
def marking(spawner: PosixSpawner) -> Iterator[PosixSpawner]:
    """A spawner that marks its programs."""
    spawner._mark = MARK
    yield spawner
    spawner._mark = ""


async def test_a_main_process_is_found_and_its_children_are_not(
    marking: PosixSpawner, kit: Any
) -> None:
    child = marking.spawn(kit.launch("sh", "-c", "setsid sleep 60 & sleep 60 & wait"))
    await kit.until(lambda: len(child.members()) == 3)

    found = marking.survivors()

    launched = kit.launch("sleep")
    assert [(each.tag, each.identity) for each in found] == [(launched.tag, child.identity)]
    await kit.swept(child)


async def test_hooks_and_what_has_another_mark_are_not_found(
    marking: PosixSpawner, kit: Any
) -> None:
    hook = marking.spawn(replace(kit.launch("sleep", "60"), tag="web:pre_start"))

    assert marking.survivors() == ()
    assert survivors("another", marking.identify) == ()
    await kit.swept(hook)


async def test_what_was_found_can_be_adopted(marking: PosixSpawner, kit: Any) -> None:
    child = marking.spawn(kit.launch("sleep", "60"))
    (found,) = marking.survivors()
    assert isinstance(found, Survivor)

    adopted = marking.adopt(found.identity, tag=found.tag, token=found.token)

    assert adopted is not None
    assert adopted.identity == child.identity
    await kit.swept(adopted)


def test_the_mark_of_a_folder_stays_the_same_and_is_a_secret(tmp_path: Path) -> None:
    first = mark_in(str(tmp_path))

    assert mark_in(str(tmp_path)) == first
    assert len(first) == 32
    assert (tmp_path / "mark").stat().st_mode & 0o777 == 0o600


def test_a_mark_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "mark").write_text("ab")

    assert len(mark_in(str(tmp_path))) == 32
