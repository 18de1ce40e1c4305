"""Logs numbered lines for ever, notes how many, and notices a second one of the same instance.

``counting.py FOLDER [LINES PAUSE]``: as many lines at once, then so many seconds of rest.  What it
knows lies in FOLDER: ``NAME.RUN.tally`` holds how many lines were begun and how many are surely
written (two 64-bit numbers, in memory that outlives the process); ``doubles`` gets a line where
another process of the instance is alive.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import time
import zlib

TALLY = struct.Struct("=QQ")
FILLER = "abcdefghij" * 10


def main() -> None:
    folder, *how = sys.argv[1:]
    lines, pause = (int(how[0]), float(how[1])) if how else (20, 0.002)
    name = os.environ["SVCCTL_TAG"]
    run = f"{time.time_ns()}-{os.getpid()}"
    claim(folder, name, run)
    tally = new_tally(folder, name, run)
    number = 0
    while True:
        batch = b"".join(line(name, run, number + each) for each in range(lines))
        assert len(batch) <= 4096, "a longer write to a pipe is not all or nothing"
        tally[: TALLY.size] = TALLY.pack(number + lines, number)
        os.write(1, batch)
        number += lines
        tally[: TALLY.size] = TALLY.pack(number, number)
        time.sleep(pause)


def claim(folder: str, name: str, run: str) -> None:
    """Hold the instance's lock for as long as this process lives."""
    lock = os.open(f"{folder}/{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with open(f"{folder}/doubles", "a") as doubles:
            doubles.write(f"{name} {run}\n")


def new_tally(folder: str, name: str, run: str) -> mmap.mmap:
    with open(f"{folder}/{name}.{run}.tally", "w+b") as file:
        file.write(TALLY.pack(0, 0))
        file.flush()
        return mmap.mmap(file.fileno(), TALLY.size)


def line(name: str, run: str, number: int) -> bytes:
    text = f"{name} {run} {number} {FILLER[: number * 7 % 90]}".encode()
    return b"%s %08x\n" % (text, zlib.crc32(text))


if __name__ == "__main__":
    main()
