"""Limits of a definition, in terms of Windows."""

from __future__ import annotations

import pytest

from svcctl.spec.native import Priority
from svcctl.spec.policy import Limits
from svcctl.system.windows.job_limits import (
    ExtendedLimits,
    affinity_mask,
    cpu_rate,
    life,
    not_on_windows,
    priority_class,
    tasks_of,
    with_memory,
    with_tasks,
    without_kill,
)

KILL_ON_JOB_CLOSE, BREAKAWAY_OK, JOB_MEMORY, ACTIVE_PROCESS = 0x2000, 0x800, 0x200, 0x8


def flags(limits: ExtendedLimits) -> int:
    return int(limits.BasicLimitInformation.LimitFlags)


def test_nothing_in_a_job_outlives_it() -> None:
    assert flags(life(breakaway=False)) == KILL_ON_JOB_CLOSE


def test_children_may_leave_where_they_are_let() -> None:
    assert flags(life(breakaway=True)) == KILL_ON_JOB_CLOSE | BREAKAWAY_OK


def test_memory_is_that_of_the_whole_job() -> None:
    found = with_memory(life(breakaway=False), 64 << 20)

    assert flags(found) == KILL_ON_JOB_CLOSE | JOB_MEMORY
    assert (found.JobMemoryLimit, found.ProcessMemoryLimit) == (64 << 20, 0)


def test_one_limit_is_set_on_top_of_another() -> None:
    found = with_tasks(with_memory(life(breakaway=False), 1 << 20), 7)

    assert flags(found) == KILL_ON_JOB_CLOSE | JOB_MEMORY | ACTIVE_PROCESS
    assert found.BasicLimitInformation.ActiveProcessLimit == 7
    assert found.JobMemoryLimit == 1 << 20


def test_what_limits_are_made_from_stays_as_it_was() -> None:
    start = life(breakaway=False)

    with_memory(start, 1 << 20)
    without_kill(start)

    assert flags(start) == KILL_ON_JOB_CLOSE


def test_who_is_spared_keeps_the_limits() -> None:
    assert flags(without_kill(with_memory(life(breakaway=True), 1))) == BREAKAWAY_OK | JOB_MEMORY


@pytest.mark.parametrize(
    ("cpu", "processors", "rate"),
    [(0.5, 1, 5000), (0.5, 4, 1250), (1.0, 4, 2500), (3.9, 4, 9750), (0.0001, 64, 1)],
)
def test_a_share_of_a_core_is_one_of_all_processors(cpu: float, processors: int, rate: int) -> None:
    found = cpu_rate(cpu, processors=processors)

    assert found is not None
    assert (found.ControlFlags, found.CpuRate) == (0x5, rate)  # enabled, a hard cap


def test_all_processors_are_no_limit() -> None:
    assert cpu_rate(4.0, processors=4) is None


@pytest.mark.parametrize(
    ("nice", "flag"),
    [
        *((19, 0x40), (15, 0x40), (14, 0x4000), (1, 0x4000), (0, 0)),
        *((-1, 0x8000), (-9, 0x8000), (-10, 0x80), (-20, 0x80)),
    ],
)
def test_niceness_is_the_nearest_priority_class(nice: int, flag: int) -> None:
    assert priority_class("", nice) == flag


def test_a_priority_class_asked_for_goes_before_niceness() -> None:
    assert priority_class("above-normal", 19) == 0x8000


@pytest.mark.parametrize("priority", Priority)
def test_every_priority_class_of_a_definition_is_known(priority: Priority) -> None:
    assert priority_class(priority, 0) > 0


def test_processors_are_a_mask() -> None:
    assert affinity_mask((0, 3, 3), processors=4) == 0b1001


@pytest.mark.parametrize("processor", [4, 64, 4000])
def test_a_processor_that_is_not_there_gives_no_mask(processor: int) -> None:
    assert affinity_mask((0, processor), processors=4) is None


def test_what_windows_cannot_limit_is_named() -> None:
    named = not_on_windows(Limits(nofile=5, rlimit={"core": 0, "stack": 1}))

    assert [option for option, _ in named] == ["nofile", "rlimit.core", "rlimit.stack"]
    assert not_on_windows(Limits(memory=1, cpu=1.0, tasks=1, nice=1, affinity=(0,))) == ()


def test_how_many_processes_a_job_may_have_is_read_back() -> None:
    assert tasks_of(life(breakaway=False)) is None
    assert tasks_of(with_tasks(life(breakaway=False), 1)) == 1
