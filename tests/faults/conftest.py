"""What every test of faults has: a seed, a measure of effort, an agent on trial.

``FAULTS_SEED`` repeats a run, ``FAULTS_TIME`` is the share of the full size (``make faults``); a
bounded part without it.
"""

from __future__ import annotations

import os
import random
import sys

import pytest

from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import Box, box

__all__ = ["box"]

FOLDER = os.path.dirname(__file__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that lies here: faults, on Linux; slow, as an agent is started."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.slow)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="needs Linux: an agent outlived"))


@pytest.fixture
def effort() -> Effort:
    """How much to do."""
    return Effort(share=float(os.environ.get("FAULTS_TIME") or 0))


@pytest.fixture
def seed() -> int:
    """What chance begins with; shown where a test fails."""
    found = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    sys.stdout.write(f"to repeat: FAULTS_SEED={found}\n")
    return found


@pytest.fixture
def chance(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Chance that can be repeated, of a test's own."""
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def trial(box: Box, chance: random.Random) -> Trial:
    """A home of its own with a running agent."""
    made = Trial(box, chance)
    made.start_agent()
    return made


@pytest.fixture
def invariants(trial: Trial) -> Invariants:
    """What must hold afterwards."""
    return Invariants(trial)
