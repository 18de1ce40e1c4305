"""The machine's clock: one scale for every process, and calls that are due later."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

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


async def test_a_call_that_is_much_too_late_comes_after_what_was_said_in_time() -> None:
    loop, clock = asyncio.get_running_loop(), SystemClock()
    reader, writer = os.pipe()
    order: list[str] = []
    rung = loop.create_future()

    async def hear() -> None:
        for _ in range(10):  # as an answer goes through a stream, a task and its caller
            await asyncio.sleep(0)
        order.append("heard")

    def begin_to_hear() -> None:
        loop.remove_reader(reader)
        tasks.append(asyncio.create_task(hear()))

    def ring() -> None:
        order.append("rung")
        rung.set_result(None)

    tasks: list[asyncio.Task[None]] = []
    loop.add_reader(reader, begin_to_hear)
    os.write(writer, b"!")
    clock.later(0.01, ring)
    loop.call_soon(time.sleep, 0.2)  # stand still
    await rung

    os.close(reader)
    os.close(writer)
    assert order == ["heard", "rung"]
