"""The resources of a process, watched by all detectors at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random

import pytest

from bench.accuracy.growth import MINUTE, leak, samples
from svcctl.detect.exhaustion import Room
from svcctl.detect.finding import Finding, What
from svcctl.detect.resource_watch import Change, ResourceWatch

HOUR = 3_600.0
LEARNING = 360


def a_watch(started: float = 0.0) -> ResourceWatch:
    return ResourceWatch("web", started=started, learning=LEARNING)


def run(
    watch: ResourceWatch,
    rate: float,
    *,
    hours: float = 18,
    files: int = 0,
    rooms: Mapping[str, Room] | None = None,
) -> list[Change]:
    """Have a process use more and more: *rate* megabytes and so many *files* an hour."""
    changes = []
    for at, memory in enumerate(samples(leak(rate), hours, random=Random(1))):
        used = {
            "memory": memory,
            "cpu": 10.0 + at % 7,
            "open files": 50.0 + files * at / 60,
            "latency of http :80": 0.02,
        }
        changes.append(watch.read(used, at=MINUTE * at, rooms=rooms))
    return changes


def begun(changes: list[Change]) -> list[Finding]:
    return [finding for each in changes for finding in each.begun]


def test_a_process_that_uses_what_it_has_used_is_no_news() -> None:
    assert begun(run(a_watch(), 0.0)) == []


def test_a_leak_is_told_as_a_leak_and_not_as_one_record_after_the_other() -> None:
    watch = a_watch()

    (found,) = begun(run(watch, 3.0, rooms={"memory": Room(left=2e9)}))

    assert (found.deviation.what, found.deviation.subject) == (What.LEAK, "memory")
    assert "MiB an hour, suspected after" in found.text
    assert "at its limit in" in found.text
    assert watch.open == (found.pattern,)


def test_the_outlook_is_that_of_what_leaks() -> None:
    watch = a_watch()
    assert list(watch.outlook()) == []
    run(watch, 3.0, rooms={"memory": Room(left=3e8)})

    (found,) = watch.outlook()

    assert found.resource == "memory"
    assert found.trend is not None
    assert found.trend.hour == pytest.approx(3e6, rel=0.1)
    assert found.exhausted_in == pytest.approx(100 * HOUR, rel=0.1)


def test_two_leaks_are_told_apart() -> None:
    found = begun(run(a_watch(), 3.0, files=2))

    assert {each.deviation.subject for each in found if each.deviation.what is What.LEAK} == {
        "memory",
        "open files",
    }


@pytest.mark.parametrize(
    ("resource", "value"), [("cpu", 90.0), ("open files", 200.0), ("latency of http :80", 1.5)]
)
def test_a_leap_that_lasts_is_an_unusual_value_until_it_is_over(
    resource: str, value: float
) -> None:
    watch = a_watch()
    run(watch, 0.0)

    leaps = [watch.read({resource: value}, at=18 * HOUR + MINUTE * at) for at in range(3)]
    back = watch.read({resource: {"cpu": 12.0}.get(resource, 0.02)}, at=19 * HOUR)

    (found,) = begun(leaps)
    assert (found.deviation.what, found.deviation.subject) == (What.METRIC, resource)
    assert back.ended == (found.pattern,)


def test_what_a_process_uses_while_it_comes_up_is_no_news() -> None:
    watch = a_watch()
    run(watch, 0.0)
    later = a_watch(started=20 * HOUR)
    later.restore(watch.state(), same_process=False)

    changes = [later.read({"cpu": 95.0}, at=20 * HOUR + MINUTE * at) for at in range(9)]

    assert begun(changes) == []


def test_what_is_nearly_exhausted_is_urgent_and_over_when_it_is_not() -> None:
    watch = a_watch()

    first = watch.read({"memory": 95e6}, at=0.0, rooms={"memory": Room(left=5e6, limit=1e8)})
    (outlook,) = watch.outlook()
    then = watch.read({"memory": 20e6}, at=60.0, rooms={"memory": Room(left=8e7, limit=1e8)})

    (found,) = first.begun
    assert first.urgent == {found.pattern} == set(then.ended)
    assert (outlook.resource, outlook.trend, outlook.exhausted_in) == ("memory", None, None)
    assert list(watch.outlook()) == []


def test_a_clock_that_is_set_makes_no_leak_and_hides_none() -> None:
    watch = a_watch()
    changes = []
    for at, memory in enumerate(samples(leak(3.0), 18, random=Random(1))):
        set_back = -86_400.0 if at > 300 else 0.0
        changes.append(watch.read({"memory": memory}, at=MINUTE * at + set_back, age=MINUTE * at))

    (found,) = begun(changes)
    assert found.deviation.what is What.LEAK


def as_json(watch: ResourceWatch) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads(json.dumps(watch.state()))
    return found


def test_what_was_learnt_survives_as_json() -> None:
    first, second = a_watch(), a_watch()
    run(first, 3.0)

    ended = second.restore(as_json(first), same_process=True)

    assert ended == ()
    assert second.state() == first.state()
    assert [each.resource for each in second.outlook()] == ["memory"]


def test_what_was_nearly_exhausted_still_is_to_the_next_agent() -> None:
    first, second = a_watch(), a_watch()
    rooms = {"memory": Room(left=5e6, limit=1e8)}
    (found,) = first.read({"memory": 95e6}, at=0.0, rooms=rooms).begun

    ended = second.restore(as_json(first), same_process=True)
    again = second.read({"memory": 95e6}, at=60.0, rooms=rooms)

    assert (ended, again) == ((), Change())
    assert second.open == (found.pattern,)


def test_another_process_begins_without_a_leak_but_knows_what_is_usual() -> None:
    first, second = a_watch(), a_watch(started=70_000.0)
    (leaking,) = begun(run(first, 3.0))

    ended = second.restore(as_json(first), same_process=False)

    assert ended == (leaking.pattern,)
    assert list(second.outlook()) == []
    late = [second.read({"cpu": 90.0}, at=70_000.0 + 700.0 + MINUTE * at) for at in range(3)]
    assert len(begun(late)) == 1


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of a resource watch"):
        a_watch().restore({}, same_process=True)
