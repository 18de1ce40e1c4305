"""An agent that is killed while it heals, again and again: no budget is ever overdrawn."""

from __future__ import annotations

import json
import random
import sys
import time

from tests.faults.trial import Effort
from tests.flows.conftest import Box, until

PROGRAM = """
import time
while True:
    print("stuck", flush=True)
    time.sleep(0.05)
"""
MOST = 3


def test_no_kill_makes_a_healing_one_too_many(
    box: Box, chance: random.Random, effort: Effort
) -> None:
    (box.home / "program.py").write_text(PROGRAM)
    box.start_agent()
    box.apply(
        f"""
        [services.web]
        exec = [{json.dumps(sys.executable)}, "program.py"]
        [[services.web.rules]]
        match = "stuck"
        cooldown = "500ms"
        [[services.web.heal]]
        on = ["stuck"]
        budget = "{MOST} in 1d"
        cooldown = "0s"
        """
    )

    for _ in range(effort.of(60, bounded=4)):
        box.kill_agent()
        box.start_agent()
        time.sleep(chance.random())  # the kill comes at any moment of a healing
    until(lambda: _kinds(box).count("HealingHeld"), what="the budget is spent")

    told = _kinds(box)
    assert told.count("HealingBegun") <= MOST  # one may have died between its page and its event
    deeds = box.ok("healing", "-o", "json").json()["done"]
    assert len(deeds) == MOST
    assert "begun" not in {each["state"] for each in deeds}
    assert told.count("HealingDone") <= MOST  # and here between its page and its event, too
    assert told.count("InstanceSpawned") <= 1 + MOST


def _kinds(box: Box) -> list[str]:
    return [each["kind"] for each in box.events("web")]
