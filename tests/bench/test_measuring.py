"""Real managers are measured, a few services at a time: figures are not judged, only counted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import cgroups, proc
from bench.cache import stage
from bench.figures import fleet, kill9
from bench.manager import Manager
from bench.managers.s6 import S6
from bench.managers.svcctl import Svcctl
from bench.reading import Reading
from bench.rounds import take, turns
from bench.session import Stage, quiet, session

# one peer is enough, and only where it is there
MEASURED: list[Manager] = [Svcctl(), *([S6()] if shutil.which("s6-svscan") else [])]

HARM = {
    *("died", "started again", "run twice", "writers that died"),
    *("lines lost", "lines doubled", "lines cut in two"),
}

pytestmark = [pytest.mark.slow, pytest.mark.posix]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SVCCTL_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield stage()


@pytest.fixture(params=MEASURED, ids=lambda manager: manager.name)
def manager(request: pytest.FixtureRequest) -> Manager:
    found: Manager = request.param
    return found


def test_three_services_are_started_weighed_and_stopped(manager: Manager, compiled: Stage) -> None:
    figure = fleet.of(3)
    found = [
        each
        for turn in turns([figure], [manager], rounds=1, seed=1)
        for each in take(turn, compiled)
    ]

    cases = {(each.figure, each.case, each.subject) for each in found if isinstance(each, Reading)}
    assert {("start", "3 services", name) for name in (manager.name, "spawn loop")} <= cases
    assert ("memory", "3 services", manager.name) in cases
    assert ("stop", "3 services", manager.name) in cases


def test_nothing_that_was_started_outlives_a_session(manager: Manager, compiled: Stage) -> None:
    with session(compiled, quiet(3)) as opened:
        _, stamps = opened.begin(manager)
        managing = list(opened.processes().managing)

    assert managing
    assert not [pid for pid in [*managing, *(stamp.pid for stamp in stamps)] if proc.alive(pid)]


def test_a_killed_svcctl_loses_no_service_and_no_line(compiled: Stage) -> None:
    values = list(kill9.of(2, after=0.5).measure(compiled, Svcctl()))

    lost = [value.number for value in values if value.case in HARM]
    assert lost == [0] * len(HARM)


def test_memory_of_a_process_alone_is_no_less_than_its_share() -> None:
    found = proc.memory([os.getpid()])

    assert 0 < found.pss <= found.alone


def test_a_control_group_without_processes_is_removed_with_those_in_it(tmp_path: Path) -> None:
    (tmp_path / "svc" / "web").mkdir(parents=True)

    cgroups.remove([tmp_path / "svc"])

    assert list(tmp_path.iterdir()) == []


def test_a_process_in_our_own_group_is_in_none_that_was_made_for_it() -> None:
    assert cgroups.made_for([os.getpid()]) == set()
