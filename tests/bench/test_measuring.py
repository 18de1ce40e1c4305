"""Real managers are measured, a few services at a time: figures are not judged, only counted."""

from __future__ import annotations

import os

import pytest

from bench import proc
from bench.cache import stage
from bench.figures import fleet, kill9
from bench.manager import Manager
from bench.managers import MANAGERS
from bench.reading import Reading
from bench.rounds import take, turns
from bench.session import quiet, session

INSTALLED = [manager for manager in MANAGERS if manager.version()]

pytestmark = [pytest.mark.slow, pytest.mark.posix]


@pytest.fixture(params=INSTALLED[:2], ids=lambda manager: manager.name)
def manager(request: pytest.FixtureRequest) -> Manager:
    found: Manager = request.param
    return found


def test_three_services_are_started_weighed_and_stopped(manager: Manager) -> None:
    figure = fleet.of(3)
    found = [
        each
        for turn in turns([figure], [manager], rounds=1, seed=1)
        for each in take(turn, stage())
    ]

    cases = {(each.figure, each.case, each.subject) for each in found if isinstance(each, Reading)}
    assert {("start", "3 services", name) for name in (manager.name, "spawn loop")} <= cases
    assert ("memory", "3 services", manager.name) in cases
    assert ("stop", "3 services", manager.name) in cases


def test_nothing_that_a_manager_started_outlives_a_session(manager: Manager) -> None:
    with session(stage(), quiet(3)) as opened:
        _, stamps = opened.begin(manager)
        managing = list(opened.processes().managing)

    assert managing
    assert not [pid for pid in [*managing, *(stamp.pid for stamp in stamps)] if proc.alive(pid)]


def test_a_killed_svcctl_loses_no_service_and_no_line() -> None:
    (ours,) = (each for each in MANAGERS if each.name == "svcctl")

    found = {value.case: value.number for value in kill9.FIGURE.measure(stage(), ours)}

    del found["the new manager's status names all"]
    assert set(found.values()) == {0}


def test_memory_of_a_process_alone_is_no_less_than_its_share() -> None:
    found = proc.memory([os.getpid()])

    assert 0 < found.pss <= found.alone
