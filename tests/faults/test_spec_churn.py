"""Definitions that change while all is backing off, and while they are read."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until

SERVICES = ("a", "b", "c", "d", "e", "f")
PATIENT = 'restart = { max = 0, delay = "1h", max_delay = "1h", factor = 1 }'


def test_a_definition_changed_while_all_back_off_is_tried_at_once(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    names = [f"s{number:03}" for number in range(effort.of(200, bounded=12))]
    broken = [f'[services.{name}]\nexec = ["false"]\n{PATIENT}\n' for name in names]
    told = trial.box.cli("apply", str(trial.box.write("".join(broken))), "--yes")
    assert told.status in {1, 8}, told.err
    until(lambda: _phases(trial) == {"backoff"}, what="all back off")

    trial.apply_counting(*names, how="1 0.05")

    until(lambda: _phases(trial) == {"running"}, what="all run")
    invariants.hold()


def test_a_folder_that_is_replaced_again_and_again_is_taken_as_one(
    trial: Trial, effort: Effort
) -> None:
    folder = trial.home / "services"
    with replacing(folder, versions=3) as replaced:
        for _ in range(effort.of(200, bounded=4)):
            told = trial.box.cli("apply", str(folder), "--yes", "--prune")
            assert told.status == 0, told.err
            taken = {name: _version(trial, name) for name in SERVICES}
            assert len(set(taken.values())) == 1, taken
        until(lambda: replaced() >= effort.of(1_000, bounded=20), what="it was replaced often")

    assert set(trial.standing()) == set(SERVICES)
    Invariants(trial).state_is_sound()
    assert len(set(trial.pids().values())) == len(trial.pids())


@contextmanager
def replacing(folder: Path, *, versions: int) -> Iterator[Callable[[], int]]:
    """Replace *folder*, a link, every few milliseconds; gives how many times it was."""
    for version in range(versions):
        content = folder.with_name(f"version-{version}")
        content.mkdir()
        for name in SERVICES:
            labels = f'labels = {{ version = "{version}" }}'
            text = f'[services.{name}]\nexec = ["sleep", "1000"]\n{labels}\n'
            (content / f"{name}.toml").write_text(text)
    folder.symlink_to("version-0")
    over, count = threading.Event(), [0]

    def replace() -> None:
        link = folder.with_name("next")
        while not over.wait(0.002):
            count[0] += 1
            link.symlink_to(f"version-{count[0] % versions}")
            os.replace(link, folder)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        yield lambda: count[0]
    finally:
        over.set()
        thread.join()


def _phases(trial: Trial) -> set[str]:
    return {each["phase"] for each in trial.standing().values()}


def _version(trial: Trial, name: str) -> str:
    found: dict[str, Any] = trial.standing()[name]
    return str(found["labels"]["version"])
