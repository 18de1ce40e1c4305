"""A disk full or broken: the author hears of it, nothing is torn, the last good state is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.bad_machine import make_bad_machine
from tests.faults.disks import BrokenDisk, Disk, full_disk
from tests.faults.sdk.running import Running, running
from tests.faults.trial import Effort


@dataclass(frozen=True)
class Place:
    """A service's folder whose state lies on a disk of its own."""

    folder: Path
    disk: Disk
    variables: dict[str, str]

    def started(self) -> AbstractContextManager[Running]:
        return running(self.folder, "keeping.py", variables=self.variables)


@pytest.fixture(params=[pytest.param("full", marks=pytest.mark.needs_root), pytest.param("broken")])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A service that keeps its state on such a disk."""
    if request.param == "broken":
        (tmp_path / "state").mkdir()
        machine = make_bad_machine(tmp_path, tmp_path / "state")
        yield Place(tmp_path, BrokenDisk(machine), machine.variables)
        return
    if os.geteuid() != 0:
        pytest.skip("needs Linux and root: only root may mount")
    with full_disk(tmp_path / "state") as disk:
        yield Place(tmp_path, disk, {})


def numbers(service: Running, word: str) -> list[int]:
    """Give the numbers that were noted with that word."""
    return [int(each.split()[1]) for each in service.noted if each.startswith(f"{word} ")]


def until_it_saves(service: Running) -> None:
    """Wait until it has saved something that it had not before."""
    before = len(numbers(service, "saved"))
    service.until(lambda: len(numbers(service, "saved")) > before + 3, "it saves")


def until_it_cannot(service: Running) -> None:
    """Wait until its author has heard, several times, that nothing is saved."""
    before = len(numbers(service, "fault"))
    service.until(lambda: len(numbers(service, "fault")) > before + 3, "it hears of the disk")


def test_the_author_hears_of_it_and_all_goes_on_once_there_is_room(
    place: Place, effort: Effort
) -> None:
    with place.started() as service:
        for _ in range(effort.of(20, bounded=2)):
            until_it_saves(service)
            place.disk.refuse()
            until_it_cannot(service)
            place.disk.accept()
        until_it_saves(service)
        status = service.stopped()

    assert status == 0, service.said
    assert numbers(service, "saved") == sorted(set(numbers(service, "saved")))
    assert service.crashes == []


def test_who_is_killed_on_such_a_disk_finds_the_last_good_state(
    place: Place, effort: Effort
) -> None:
    for _ in range(effort.of(20, bounded=2)):
        with place.started() as service:
            until_it_saves(service)
            place.disk.refuse()
            until_it_cannot(service)
            service.kill()
        saved = numbers(service, "saved")[-1]
        place.disk.accept()

        with place.started() as service:
            until_it_saves(service)
            service.kill()

        assert numbers(service, "found")[-1] == saved


def test_a_crash_that_cannot_be_written_down_is_told_and_leaves_nothing_torn(
    place: Place,
) -> None:
    with place.started() as service:
        until_it_saves(service)
        place.disk.refuse()
        until_it_cannot(service)
        (place.folder / "crash").touch()
        status = service.ended()

    assert status == 70
    assert "no whole crash report" in service.said
    assert service.records("service.crashed")[-1]["where"] == "run"
    assert service.crashes == []
    crashes = service.state / "crashes"
    assert not crashes.exists() or [each.name for each in crashes.iterdir()] == []


def test_the_next_crash_is_written_down_again(place: Place) -> None:
    (place.folder / "crash").touch()
    place.disk.refuse()
    with place.started() as service:
        assert service.ended() == 70
    place.disk.accept()

    with place.started() as service:
        assert service.ended() == 70

    assert [each["where"] for each in service.crashes] == ["run"]
