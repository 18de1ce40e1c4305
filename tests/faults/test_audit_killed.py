"""An audit log whose writer is killed between its rows, and between a row and its seal."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from svcctl.engine.audit_trail import Sought, prove, read
from svcctl.errors import AgentUnreachable, SvcctlError
from tests.faults.trial import Effort, Trial

WRITER = """
import asyncio, sys
from svcctl.engine.store import SqliteStore
from svcctl.ports import AuditEntry

async def write():
    store = SqliteStore(sys.argv[1])
    number = 0
    while True:
        number += 1
        name = f"{sys.argv[2]}-{number}"
        store.record(AuditEntry(
            at=float(number), asked=name, actor="uid:0", way="local", verb="start",
            target="web", outcome="asked",
        ))
        sys.stdout.write(f"{name}\\n")
        sys.stdout.flush()
        await asyncio.sleep(0)

asyncio.run(write())
"""


def test_no_confirmed_row_is_lost_and_no_kill_looks_like_tampering(
    tmp_path: Path, chance: random.Random, effort: Effort
) -> None:
    path = str(tmp_path / "state.db")
    confirmed: list[str] = []

    for number in range(effort.of(200, bounded=6)):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(number)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        confirmed += [writer.stdout.readline().strip() for _ in range(chance.randrange(1, 60))]
        writer.send_signal(signal.SIGKILL)
        confirmed += [line.strip() for line in writer.stdout if line.endswith("\n")]
        writer.stdout.close()
        writer.wait()

        assert prove(path).found == ()

    asked = [row["asked"] for row in read(path, Sought(actor="uid:0"))]
    assert set(confirmed) <= set(asked)
    assert len(asked) == len(set(asked))


def test_whatever_an_agent_answered_stands_in_its_log_though_it_is_killed(
    trial: Trial, effort: Effort
) -> None:
    trial.apply_counting("one", "two")
    answered = 0

    def ask(number: int) -> None:
        nonlocal answered
        try:
            trial.ask("reload", "one", reason=f"number {number}", no_wait=True)
        except AgentUnreachable:
            return
        except SvcctlError:
            pass  # refused is answered too
        answered += 1

    for number in range(effort.of(100, bounded=4)):
        asking = threading.Thread(target=ask, args=(number,))
        asking.start()
        trial.let_it_work(0.05)
        trial.kill_agent()
        asking.join()
        trial.start_agent()
        assert prove(f"{trial.paths.state}/state.db").found == ()

    rows = read(f"{trial.paths.state}/state.db", Sought(verb="reload"))
    begun = {row["asked"] for row in rows if row["outcome"] == "asked"}
    over = {row["asked"] for row in rows if row["outcome"] != "asked"}
    assert over <= begun
    assert len(over) >= answered
