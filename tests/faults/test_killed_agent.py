"""An agent that is killed, again and again, under load."""

from __future__ import annotations

import time

from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial


def test_kill_9_at_random_instants_under_load_breaks_no_promise(
    trial: Trial, invariants: Invariants, effort: Effort
) -> None:
    trial.apply_counting("one", "two", "three")
    before = trial.pids()

    for _ in range(effort.of(100, bounded=6)):
        trial.kill_agent()
        trial.start_agent()
        time.sleep(trial.chance.random() * 0.2)

    assert trial.pids() == before
    invariants.hold()
