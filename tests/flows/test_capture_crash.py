"""No line is lost, doubled or torn, at whatever instant the process that captures is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from svcctl.observe.logs.query import Source, Wanted, read
from tests.flows.conftest import PATIENCE

CAPTURING = """
import asyncio, builtins, itertools, os, sys, threading

from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.fifo import Fifos
from svcctl.spec.policy import LogPolicy
from svcctl.system.clock import SystemClock


class Silent:
    def publish(self, event): print(event, flush=True)
    def subscribe(self, subscriber): return lambda: None


def open_capture(home, max_size):
    return Capture(
        "web", "web", folder=f"{home}/logs", inlets=Fifos(f"{home}/pipes", "web", owner=None),
        policy=LogPolicy(max_size=max_size, keep=1_000_000), clock=SystemClock(), bus=Silent(),
        packer=Packer(),
    )
"""

FOR_EVER = """
async def main():
    capture = open_capture(sys.argv[1], 200_000)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

STEP_BY_STEP = """
# Each round is a process of its own that captures and packs, and ends at its n-th call of one of
# these; the next round takes up what it left behind, and the last one comes through.  This
# process plays the program: it holds the pipe, and writes a part whenever the round asks for one.
WATCHED = ["rename", "replace", "splice", "link", "unlink", "open", "pwrite", "ftruncate", "fsync"]
PARTS = (333, 401, 1290, 77, 512, 640)
lines = b"".join(b"%06d " % n + b"x" * (n * 7 % 90) + b"\\n" for n in range(50_000))
home = sys.argv[1]


def ending_at(number, before):
    turns = itertools.count(1)  # one step for the interpreter: the packer is another thread

    def watched(call):
        def wrapper(*args, **kwargs):
            last = next(turns) == number
            if last and before:
                os._exit(9)
            try:
                return call(*args, **kwargs)
            finally:
                if last:
                    os._exit(9)
        return wrapper

    for name in WATCHED:
        setattr(os, name, watched(getattr(os, name)))
    builtins.open = watched(builtins.open)


async def round(ask, given):
    capture = open_capture(home, 700)
    for _ in PARTS:
        os.write(ask, b"?")
        os.read(given, 1)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    while any(thread.name != "MainThread" for thread in threading.enumerate()):
        await asyncio.sleep(0.001)
    capture.close()


def play(number, before, written):
    asked, ask = os.pipe()
    given, give = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(asked)
        ending_at(number, before)
        try:
            asyncio.run(round(ask, given))
        except BaseException as error:
            print("failed", number, before, repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    os.close(ask)
    for size in PARTS:
        if not os.read(asked, 1):
            break
        written += os.write(pipe, lines[written : written + size])
        os.write(give, b"!")
    for each in (asked, given, give):
        os.close(each)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), written


async def open_pipe():
    capture = open_capture(home, 700)
    pipe = capture.writer("stdout")
    capture.close()
    return pipe


pipe = asyncio.run(open_pipe())
written = 0
for before in (True, False):
    code, number = 9, 0
    while code == 9:
        number += 1
        code, written = play(number, before, written)
    print("rounds", number, flush=True)
print("written", written, flush=True)
"""


def pieces(home: Path) -> list[bytes]:
    """The content of the files, oldest first; a file there both plain and packed counts once."""
    import gzip

    folder = home / "logs"
    names = {path.name.removesuffix(".gz") for path in folder.glob("stdout.log.*[0-9z]")}
    found = []
    for name in [*sorted(names), "stdout.log"]:
        plain = folder / name
        packed = folder / f"{name}.gz"
        found.append(plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes()))
    return found


@pytest.mark.slow
def test_the_process_may_end_at_any_of_its_system_calls(tmp_path: Path) -> None:
    script = CAPTURING + STEP_BY_STEP

    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stdout, ran.stdout
    said = [line.split() for line in ran.stdout.splitlines()]
    written = next(int(words[1]) for words in said if words[0] == "written")
    assert all(int(words[1]) > 30 for words in said if words[0] == "rounds"), ran.stdout
    lines = b"".join(b"%06d " % n + b"x" * (n * 7 % 90) + b"\n" for n in range(50_000))
    found = pieces(tmp_path)
    assert b"".join(found) == lines[:written]
    assert all(piece.endswith(b"\n") for piece in found[:-1])
    assert not list((tmp_path / "logs").glob("*.part"))


@pytest.mark.slow
def test_kill_9_at_random_instants_costs_no_line(tmp_path: Path, until: Callable[..., Any]) -> None:
    count, chance = 150_000, random.Random(7)
    lines = [b"%08d %s\n" % (n, b"x" * (n % 120)) for n in range(count)]
    folder = tmp_path / "logs"
    source = Source(service="web", instance="web", folder=str(folder))

    def start() -> subprocess.Popen[str]:
        capture = subprocess.Popen(
            [sys.executable, "-c", CAPTURING + FOR_EVER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert capture.stdout is not None
        assert capture.stdout.readline() == "ready\n"
        return capture

    def kill(capture: subprocess.Popen[str]) -> None:
        capture.send_signal(signal.SIGKILL)
        capture.communicate()

    def progress() -> int:
        plain = 0
        with suppress(FileNotFoundError):  # just being rotated
            plain = (folder / "stdout.log").stat().st_size
        return plain + 200_000 * len(list(folder.glob("stdout.log.*.idx")))

    capture = start()
    pipe = os.open(tmp_path / "pipes" / "web.stdout", os.O_RDWR)

    def write() -> None:
        with os.fdopen(pipe, "wb", closefd=False) as file:
            file.writelines(lines)

    program = threading.Thread(target=write)
    program.start()
    try:
        for _ in range(12):
            aim = progress() + chance.randrange(700_000)
            until(lambda aim=aim: progress() >= aim or not program.is_alive(), what="more output")
            kill(capture)
            capture = start()
        program.join(PATIENCE)
        end = lines[-1].rstrip()
        until(
            lambda: [line.text for line in read([source], Wanted(), last=1)] == [end],
            what="the end",
        )
    finally:
        kill(capture)
        os.close(pipe)

    found = [line.text + b"\n" for line in read([source], Wanted(), last=None)]
    assert found == lines
    *full, current = pieces(tmp_path)
    assert [piece[-20:] for piece in full if not piece.endswith(b"\n")] == []
    assert current == b"" or current.endswith(b"\n")
