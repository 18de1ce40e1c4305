"""Writes numbered lines into a log as fast as asked, and rotates it as fast as asked.

``writer.py PATH HOW LINES RATE EVERY KEEP``: HOW is rename, copy or delete; RATE is lines a second,
EVERY the seconds between rotations.
"""

from __future__ import annotations

import os
import shutil
import sys
import time

BATCH = 50


def rotate(path: str, how: str, keep: int) -> None:
    """Move the older files on; put away the current one."""
    if how == "delete":
        os.rename(path, f"{path}.1")
        os.unlink(f"{path}.1")
        return
    for number in range(keep, 0, -1):
        if os.path.exists(f"{path}.{number}"):
            os.replace(f"{path}.{number}", f"{path}.{number + 1}")
    if how == "rename":
        os.rename(path, f"{path}.1")
    else:
        shutil.copyfile(path, f"{path}.1")
        os.truncate(path, 0)
    if os.path.exists(f"{path}.{keep + 1}"):
        os.unlink(f"{path}.{keep + 1}")


def main(path: str, how: str, *, lines: int, rate: float, every: float, keep: int) -> None:
    """Write all lines; a rotation is made between two writes."""
    begun = time.monotonic()
    next_rotation = begun + every
    number = 0
    while number < lines:
        with open(path, "ab", buffering=0) as file:
            while number < lines and time.monotonic() < next_rotation:
                last = min(number + BATCH, lines)
                file.write(
                    b"".join(b"%09d %s\n" % (each, b"x" * 90) for each in range(number, last))
                )
                number = last
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        if number < lines:
            rotate(path, how, keep)
            next_rotation = time.monotonic() + every


if __name__ == "__main__":
    _, path, how, lines, rate, every, keep = sys.argv
    main(path, how, lines=int(lines), rate=float(rate), every=float(every), keep=int(keep))
