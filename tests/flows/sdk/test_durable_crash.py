"""No step is lost and none done twice, wherever a process is killed.

A bounded part; kill -9 at every point: ``make faults ARGS=tests/flows/sdk/test_durable_crash.py``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("durable_trial.py")
FULL = float(os.environ.get("FAULTS_TIME") or 0) >= 1
STRIDE = 1 if FULL else 12


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS: forks")
@pytest.mark.parametrize(
    ("scene", "least"), [("saga", 80), ("failing-saga", 80), ("hand-over", 100)]
)
def test_a_kill_at_any_point_loses_nothing_and_repeats_nothing(
    tmp_path: Path, scene: str, least: int
) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    sys.stdout.write(f"to repeat: FAULTS_SEED={seed}\n")

    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path), scene, str(STRIDE), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    told = json.loads(ran.stdout)
    assert told["wrong"] == []
    assert told["points"] >= least
    assert told["trials"] >= least // STRIDE
