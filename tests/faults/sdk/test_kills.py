"""A service under an agent, killed at any point: no step is lost, no known one is repeated."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.faults.sdk.running import PROGRAMS, ROOT
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import until

STEPS = ("reserve", "charge", "pack", "ship")
EACH_TIME = 3  # orders that each start of the shop finds


@dataclass(frozen=True)
class Ledger:
    """What a shop asked of the outside, line by line, and what it keeps."""

    lines: list[list[str]]
    state: dict[str, object]
    phases: dict[str, str]
    left: int

    def of(self, what: str, order: int) -> list[str]:
        """Give the steps of an order for which that was noted, in order."""
        return [each[2] for each in self.lines if each[:2] == [what, str(order)]]

    def repeated(self) -> list[str]:
        """Name the steps that were done although they were known to be done."""
        known, found = set[tuple[str, str]](), []
        for what, *of in self.lines:
            if what == "returned":
                known.add((of[0], of[1]))
            elif what == "do" and (of[0], of[1]) in known:
                found.append(f"{of[0]} {of[1]}")
        return found

    def keys(self) -> Counter[tuple[str, str]]:
        """Count the keys that each step had."""
        found = {(of[0], of[1], of[2]) for what, *of in self.lines if what in {"do", "undo"}}
        return Counter((order, step) for order, step, _ in found)


def opened(notes: Path, state: Path) -> Ledger:
    """Read what is left of a shop that is not at work."""
    with closing(sqlite3.connect(state / "state.db")) as db:
        found = db.execute("SELECT key, value FROM state").fetchall()
        phases = dict(db.execute("SELECT run, phase FROM saga").fetchall())
        (left,) = db.execute("SELECT count(*) FROM job WHERE phase<>'done'").fetchone()
    lines = [line.split() for line in notes.read_text().splitlines()]
    return Ledger(lines, {key: json.loads(value) for key, value in found}, phases, left)


def test_a_shop_that_is_killed_at_any_point_sells_everything_once(
    trial: Trial, chance: random.Random, effort: Effort
) -> None:
    kills = effort.of(200, bounded=8)
    notes, state = trial.home / "shop.notes", trial.home / "shop.state"
    orders = [*range(1, (kills + 1) * EACH_TIME + 1)]
    words = [str(chance.randrange(1_000_000)), str(kills)]
    argv = [sys.executable, str(PROGRAMS / "shop.py"), *words]
    environ = {"NOTES": str(notes), "STATE_DIRECTORY": str(state), "PYTHONPATH": str(ROOT)}
    trial.box.write(
        f"[services.shop]\nexec = {json.dumps(argv)}\nready = 'notify'\n"
        f"env = {{ {', '.join(f'{key} = {json.dumps(each)}' for key, each in environ.items())} }}\n"
        "restart = { max = 0, delay = '10ms', factor = 1, jitter = 0 }\n"
    )

    trial.box.ok("apply", str(trial.home / "svcctl.toml"), "--yes", "--no-wait")
    until(lambda: "all sold" in text(notes), within=60 + 3 * kills, what="all is sold")
    trial.box.ok("stop", "shop")

    ledger = opened(notes, state)
    begun = sum(line == ["begun"] for line in ledger.lines)
    assert begun == kills + 1
    assert trial.standing()["shop"]["restarts"] == kills
    assert ledger.repeated() == []
    assert set(ledger.keys().values()) == {1}
    assert ledger.state["total"] == sum(orders)
    assert sorted(map(int, ledger.state["seen"])) == orders  # type: ignore[call-overload]
    assert ledger.left == 0
    assert any(line[0] == "resumed" for line in ledger.lines)
    for order in orders:
        is_refused = order % 3 == 0
        done = [*dict.fromkeys(ledger.of("do", order))]
        undone = [*dict.fromkeys(ledger.of("undo", order))]
        assert done == [*STEPS], order
        assert undone == ([*STEPS[-2::-1]] if is_refused else []), order
        assert ledger.phases[str(order)] == ("undone" if is_refused else "done")


def text(path: Path) -> str:
    return path.read_text() if os.path.exists(path) else ""
