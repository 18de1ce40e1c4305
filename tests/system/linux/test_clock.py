"""The machine's clock: one scale for every process, and calls that are due later."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from svcctl.system.clock import SystemClock

TELL = "from svcctl.system.clock import SystemClock; print(SystemClock().monotonic())"


def test_another_process_reads_the_same_scale() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    said = subprocess.run([sys.executable, "-c", TELL], capture_output=True, text=True, check=True)

    assert before < float(said.stdout) < clock.monotonic()


async def test_a_call_is_made_later_unless_cancelled() -> None:
    clock = SystemClock()
    made: list[str] = []
    done = asyncio.get_running_loop().create_future()

    clock.later(0.001, lambda: made.append("cancelled")).cancel()
    clock.later(0.002, lambda: done.set_result(None))
    await done

    assert made == []
