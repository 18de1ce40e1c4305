"""Services of Windows that behave badly, each in its own way: ``hostile.py WAY [ARGUMENT]``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

LIFE = 120.0  # seconds after which whoever is left ends by itself
DETACHED, NEW_CONSOLE, NEW_GROUP, BREAK_AWAY = 0x8, 0x10, 0x200, 0x0100_0000


def say(text: str) -> None:
    """Write one line at once."""
    os.write(1, f"{text}\n".encode())


def deaf() -> None:
    """Take no notice of Ctrl-C and Ctrl-Break, nor does a child."""
    if "child" not in sys.argv:
        subprocess.Popen([sys.executable, __file__, "deaf", "child"])
    signal.signal(signal.SIGINT, lambda *_: say("heard"))
    signal.signal(signal.SIGBREAK, lambda *_: say("heard"))
    say(f"here {os.getpid()}")
    stay()


def scattered() -> None:
    """Have children without a console, in one of their own, and in a group of their own."""
    for flags in (DETACHED, NEW_CONSOLE, NEW_GROUP):
        child = subprocess.Popen([sys.executable, __file__, "stay"], creationflags=flags)
        say(f"here {child.pid}")
    say("here all")
    stay()


def breaks_away() -> None:
    """Start a child outside the job, or say that this is not allowed."""
    try:
        flags = DETACHED | BREAK_AWAY  # Ctrl-C ends whoever shares the console, job or no job
        child = subprocess.Popen([sys.executable, __file__, "stay"], creationflags=flags)
        say(f"here {child.pid}")
    except OSError as error:
        say(f"refused {error.errno}")
    say("here all")
    stay()


def fills() -> None:
    """Write the given number of bytes without a line end, then numbered lines, as fast as taken."""
    left = int(sys.argv[2])
    while left > 0:
        left -= os.write(1, b"x" * min(left, 1 << 16))
    os.write(1, b"\n")
    for number in range(0, 5_000, 50):
        os.write(1, b"".join(b"line %d\n" % each for each in range(number, number + 50)))
    say("here all")
    stay()


def stay() -> None:
    """Live on, whatever comes."""
    end = time.monotonic() + LIFE
    while time.monotonic() < end:
        time.sleep(0.2)


WAYS: dict[str, Callable[[], None]] = {
    "deaf": deaf,
    "scattered": scattered,
    "breaks-away": breaks_away,
    "fills": fills,
    "stay": stay,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
