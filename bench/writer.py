"""A program that writes numbered lines as fast as it can: ``python writer.py BYTES CHUNK STAMPS``.

All lines are made before the clock starts.  It stamps as ``begin`` before its first write, and as
``end`` after its last.
"""

from __future__ import annotations

import os
import sys

LINE = 100  # bytes of a line, its end included


def lines(size: int) -> bytes:
    """Give *size* bytes of lines, each with its number from 0."""
    return b"".join(b"%099d\n" % number for number in range(size // LINE))


def write(blob: bytes, chunk: int) -> None:
    """Write *blob* to standard output, *chunk* bytes with each call."""
    view = memoryview(blob)
    for start in range(0, len(blob), chunk):
        piece = view[start : start + chunk]
        while piece:
            piece = piece[os.write(1, piece) :]


def main(size: int, chunk: int, stamps: str) -> None:
    """Write, between two stamps."""
    blob = lines(size)
    fifo = os.open(stamps, os.O_WRONLY)
    os.write(fifo, f"begin {os.getpid()}\n".encode())
    write(blob, chunk)
    os.write(fifo, f"end {os.getpid()}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
