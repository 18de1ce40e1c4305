"""Services that behave badly, each in its own way: ``hostile.py WAY [ARGUMENT]``.

Every one is bounded: left alone it ends by itself, so that a test that fails leaves nothing behind.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

LIFE = 120  # seconds after which even the most stubborn gives up
LINE = 64 * 1024


def say(text: str) -> None:
    """Write one line at once."""
    os.write(1, f"{text}\n".encode())


def stay() -> None:
    """Live on, whatever signals come."""
    end = time.monotonic() + LIFE
    while (left := end - time.monotonic()) > 0:
        time.sleep(left)


def deaf() -> None:
    """Ignore every signal that can be ignored, child and all."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    os.fork()
    say(f"deaf {os.getpid()}")
    stay()


def daemon() -> None:
    """Leave twice: the parent ends, a grandchild without session, terminal or environment stays.

    Not before the file named is there: the agent has to have seen the program at least once.
    """
    patience = time.monotonic() + LIFE
    while not Path(sys.argv[2]).exists() and time.monotonic() < patience:
        time.sleep(0.005)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            say(f"daemon {os.getpid()}")
            os.execve("/bin/sleep", ["sleep", str(LIFE)], {})
        os._exit(0)
    os.wait()
    stay()


def away() -> None:
    """Have a child in a session, and another in a process group, of its own."""
    for leave in (os.setsid, lambda: os.setpgid(0, 0)):
        if os.fork() == 0:
            leave()
            say(f"away {os.getpid()}")
            stay()
            os._exit(0)
    stay()


def shut() -> None:
    """Close all output, and go on."""
    say("last words")
    os.close(1)
    os.close(2)
    stay()


def replace() -> None:
    """Put a file in the place of its own stdout, and go on writing."""
    say("to the pipe")
    target = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(target, 1)
    say("to the file")
    os.dup2(target, 2)
    stay()


def endless_line() -> None:
    """Write the given number of bytes without a single line end, then one."""
    left = int(sys.argv[2])
    while left > 0:
        left -= os.write(1, b"x" * min(LINE, left))
    os.write(1, b"\n")
    say("after the line")
    stay()


def garbage() -> None:
    """Write what is no UTF-8, and NULs, and escape sequences, between two sound lines."""
    say("before")
    os.write(
        1, bytes(range(256)).replace(b"\n", b"") + b"\n\x00\x00\x00\n\xff\xfe\xc3\x28\n\x1b[2J\n"
    )
    say("after")
    stay()


def gone() -> None:
    """End at once."""
    os._exit(int(sys.argv[2]) if len(sys.argv) > 2 else 1)


def bomb() -> None:
    """Fork as fast as the limit lets it, each fork anew, each deaf to TERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + LIFE / 4
    refused = False
    while time.monotonic() < end:
        try:
            os.fork()
        except OSError:
            if not refused:
                refused = True
                say("refused")
            time.sleep(0.05)


def holds_pipe() -> None:
    """End, and leave a child that keeps the pipe open and writes into it again and again."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end = time.monotonic() + LIFE
        while time.monotonic() < end:
            say("still here")
            time.sleep(0.02)
        os._exit(0)
    say("leaving")
    os._exit(3)


def stops_itself() -> None:
    """Stand still by its own hand, again whenever somebody lets it go on."""
    end = time.monotonic() + LIFE
    while time.monotonic() < end:
        say("standing still")
        os.kill(os.getpid(), signal.SIGSTOP)


def numbers() -> None:
    """Write numbered lines, a few milliseconds apart, until told to stop."""
    number = 0
    pause = float(sys.argv[2]) if len(sys.argv) > 2 else 0.005
    while True:
        number += 1
        say(f"line {number:09}")
        time.sleep(pause)


def counted() -> None:
    """Write the given number of numbered lines as fast as they are taken, and a file when done."""
    count, done = int(sys.argv[2]), Path(sys.argv[3])
    number = 0
    while number < count:
        batch = range(number, min(number + 50, count))
        os.write(1, b"".join(b"line %09d\n" % each for each in batch))
        number = batch.stop
    done.write_text("done")
    stay()


WAYS: dict[str, Callable[[], None]] = {
    "deaf": deaf,
    "daemon": daemon,
    "away": away,
    "shut": shut,
    "replace": replace,
    "endless-line": endless_line,
    "garbage": garbage,
    "gone": gone,
    "bomb": bomb,
    "holds-pipe": holds_pipe,
    "stops-itself": stops_itself,
    "numbers": numbers,
    "counted": counted,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
