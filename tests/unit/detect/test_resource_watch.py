"""The resources of a process, watched by all detectors at once."""

from __future__ import annotations

import json
from random import Random

import pytest

from bench.accuracy.growth import MINUTE, leak, samples
from svcctl.detect.finding import Finding, What
from svcctl.detect.resource_watch import ResourceWatch


def _run(watch: ResourceWatch, rate: float, *, hours: float = 18, files: int = 0) -> list[Finding]:
    memory = samples(leak(rate), hours, random=Random(1))
    found: list[Finding] = []
    for at, each in enumerate(memory):
        used = {"memory": each, "cpu": 0.1 + at % 7 / 100, "open files": 50.0 + files * at / 60}
        found += watch.read(used, at=MINUTE * at)
    return found


def test_a_process_that_uses_what_it_has_used_is_no_news() -> None:
    assert _run(ResourceWatch("web", started=0.0), 0.0) == []


def test_a_leak_is_told_as_a_leak_and_not_as_one_record_after_the_other() -> None:
    watch = ResourceWatch("web", started=0.0, limits={"memory": 2e9})

    (found,) = _run(watch, 3.0)

    assert (found.deviation.what, found.deviation.subject) == (What.LEAK, "memory")
    assert "at its limit in" in found.text
    leaking = watch.leak("memory")
    assert leaking is not None
    assert leaking.trend() is not None
    assert watch.leak("cpu") is None


def test_two_leaks_are_told_apart() -> None:
    found = _run(ResourceWatch("web", started=0.0), 3.0, files=2)

    assert {each.deviation.subject for each in found if each.deviation.what is What.LEAK} == {
        "memory",
        "open files",
    }


def test_a_leap_is_an_unusual_value() -> None:
    watch = ResourceWatch("web", started=0.0)
    _run(watch, 0.0)

    found = watch.read({"cpu": 0.9}, at=18 * 3_600.0)

    assert [(each.deviation.what, each.deviation.subject) for each in found] == [
        (What.METRIC, "cpu")
    ]


def test_what_was_learnt_survives_as_json() -> None:
    first, second = ResourceWatch("web", started=0.0), ResourceWatch("web", started=0.0)
    _run(first, 3.0)

    second.restore(json.loads(json.dumps(first.state())), same_process=True)

    assert second.state() == first.state()


def test_another_process_begins_without_a_leak_but_knows_what_is_usual() -> None:
    first, second = ResourceWatch("web", started=0.0), ResourceWatch("web", started=7e4)
    _run(first, 3.0)

    second.restore(first.state(), same_process=False)

    leaking = second.leak("memory")
    assert leaking is not None
    assert leaking.trend() is None
    assert second.read({"cpu": 0.9}, at=7e4) != []


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a resource watch"):
        ResourceWatch("web", started=0.0).restore({}, same_process=True)
