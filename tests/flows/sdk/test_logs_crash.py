"""Real processes that are killed while they log: what the log promised is in the file."""

from __future__ import annotations

import json
import mmap
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE, until

PROLOGUE = """
import os, sys, threading, time
from svcctl.sdk.logs.buffered import Buffered
from svcctl.sdk.logs.captured import captured
from svcctl.sdk.logs.logger import Logs, Source
from svcctl.sdk.logs.rotating import RotatingFile
from svcctl.system.clock import SystemClock

clock = SystemClock()
file = RotatingFile(sys.argv[1], clock=clock.monotonic, max_size=int(sys.argv[2]), keep=10_000)

def logs_to(sink):
    return Logs(source=Source(service="mailer"), sink=sink, clock=clock)

def ready():
    print("ready", flush=True)
"""

COUNTING = """
import mmap
with open(sys.argv[3], "r+b") as counted:
    written = mmap.mmap(counted.fileno(), 8 * 4)
log = logs_to(file).logger()

def work(thread):
    number = 0
    while True:
        log.info("tick", thread=thread, n=number, a="b", c=1.5)
        number += 1
        written[8 * thread : 8 * thread + 8] = number.to_bytes(8, "little")

for thread in range(4):
    threading.Thread(target=work, args=(thread,), daemon=True).start()
ready()
time.sleep(600)
"""


@contextmanager
def running(folder: Path, body: str, *, size: int = 1 << 30) -> Iterator[subprocess.Popen[bytes]]:
    """A program that logs, once it is ready."""
    program, counts = folder / "program.py", folder / "counts"
    program.write_text(PROLOGUE + textwrap.dedent(body))
    counts.write_bytes(bytes(32))
    argv = [sys.executable, str(program), str(folder / "m.log"), str(size), str(counts)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", process.stderr
            yield process
        finally:
            process.kill()


def records(folder: Path) -> list[dict[str, Any]]:
    """Give what was written, but for a line that has no end: its call was cut by the kill."""
    files = [*sorted(folder.glob("m.log.*")), folder / "m.log"]
    written = b"".join(each.read_bytes() for each in files if each.exists())
    return [json.loads(line) for line in written[: written.rfind(b"\n") + 1].splitlines()]


def wait_for(folder: Path, count: int) -> list[int]:
    """Wait until each of four threads has written so much; give how much."""
    with (
        (folder / "counts").open("rb") as file,
        mmap.mmap(file.fileno(), 32, access=mmap.ACCESS_READ) as counts,
    ):

        def enough() -> list[int]:
            found = [int.from_bytes(counts[8 * each : 8 * each + 8], "little") for each in range(4)]
            return found if min(found) >= count else []

        return list(until(enough, what=f"{count} records of each thread"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [1 << 30, 20_000], ids=["one file", "rotating all the time"])
@pytest.mark.parametrize("count", [1, 50, 400, 1500])
def test_every_record_whose_call_came_back_outlives_a_kill(
    tmp_path: Path, size: int, count: int
) -> None:
    with running(tmp_path, COUNTING, size=size) as process:
        wait_for(tmp_path, count)
        process.kill()
        process.wait(PATIENCE)

    acknowledged = wait_for(tmp_path, count)
    found = records(tmp_path)
    for thread in range(4):
        numbers = [each["n"] for each in found if each["thread"] == thread]
        assert numbers == list(range(len(numbers))), "none is lost, doubled or out of order"
        assert len(numbers) - acknowledged[thread] in {0, 1}


ENDINGS = {
    "the end of the program": ("", 0),
    "an error nobody catches": ("raise ValueError('bad')", 1),
    "sys.exit": ("sys.exit(3)", 3),
    "SIGTERM": ("while True: time.sleep(1)", -signal.SIGTERM),
}


@pytest.mark.slow
@pytest.mark.posix
@pytest.mark.parametrize("how", ENDINGS)
def test_what_was_gathered_is_written_at(tmp_path: Path, how: str) -> None:
    body, status = ENDINGS[how]
    program = f"""
    logs = logs_to(Buffered(file))
    scope = captured(logs)
    log = scope.__enter__()
    for number in range(10):
        log.info("tick", n=number)
    ready()
    {body}
    """

    with running(tmp_path, program) as process:
        if how == "SIGTERM":
            process.terminate()
        ended = process.wait(PATIENCE)

    assert ended == status
    ticks = [each["n"] for each in records(tmp_path) if each["event"] == "tick"]
    assert ticks == list(range(10))


@pytest.mark.slow
@pytest.mark.posix
def test_a_forked_child_writes_nothing_twice(tmp_path: Path) -> None:
    program = """
    logs = logs_to(Buffered(file))
    log = logs.logger()
    log.info("before")
    child = os.fork()
    log.info("child" if child == 0 else "parent")
    if child == 0:
        logs.close()
        os._exit(0)
    os.waitpid(child, 0)
    logs.close()
    ready()
    """

    with running(tmp_path, program) as process:
        assert process.wait(PATIENCE) == 0

    assert [each["event"] for each in records(tmp_path)] == ["child", "before", "parent"]


@pytest.mark.slow
@pytest.mark.posix
def test_a_forked_child_delivers_only_its_own(tmp_path: Path) -> None:
    program = """
    from svcctl.sdk.logs.isolated import Isolated

    class Slow:
        name, batch = "slow", 10

        def deliver(self, records):
            begun.set()
            go_on.wait()
            for each in records:
                file.write(each, 20)
            return 0

        def close(self): ...

    begun, go_on = threading.Event(), threading.Event()
    logs = logs_to(Isolated(Slow(), clock=clock.monotonic))
    log = logs.logger()
    log.info("before")
    begun.wait()
    child = os.fork()
    go_on.set()
    log.info("child" if child == 0 else "parent")
    logs.close()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    ready()
    """

    with running(tmp_path, program) as process:
        assert process.wait(PATIENCE) == 0

    events = [each["event"] for each in records(tmp_path)]
    assert sorted(events) == ["before", "child", "parent"]


@pytest.mark.slow
def test_the_log_loads_no_third_party_module_but_its_encoder() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "for name in ('orjson', 'msgspec'): sys.modules[name] = None\n"
        "from svcctl.sdk.logs import (buffered, captured, descriptor, event_log, isolated,"
        " journald, logger, logstash, otlp, rotating, syslog)\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(tops - set(sys.stdlib_module_names) - {'svcctl', 'orjson', 'msgspec'}))"
    )

    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)

    assert ran.stdout.strip() == b"[]"
