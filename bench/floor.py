"""The least that must be done: bare loops over system calls, run as a process of their own.

Run as a file, ``python floor.py WHAT ...``, so that it imports nothing else.  What it measured it
says as one number on its standard output.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def spawn(count: int, command: list[str]) -> None:
    """Start *count* programs, one after the other; say when that began.

    Kills them when standard input ends.
    """
    started = time.monotonic_ns()
    children = [_start([*command, f"f{number:04}"]) for number in range(count)]
    _say(started)
    sys.stdin.read()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)


def respawn(command: list[str]) -> None:
    """Start a program again whenever it is killed, until it ends in another way."""
    while True:
        pid = _start([*command, "floor"])
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return


def splice(target: str, command: list[str]) -> None:
    """Move the output of a program into a file until it ends; say what that took of a processor."""
    read, write = os.pipe()
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    pid = _start(command, write)
    os.close(write)
    while os.splice(read, file, 1 << 20):
        pass
    os.waitpid(pid, 0)
    _say(time.process_time_ns())


def watch(pids: list[int]) -> None:
    """Open a handle of every process, as one must to learn of its end; say when that was done."""
    handles = []
    for pid in pids:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            stat.read()
        handles.append(os.pidfd_open(pid))
    _say(time.monotonic_ns())


def _start(command: list[str], output: int | None = None) -> int:
    actions = [] if output is None else [(os.POSIX_SPAWN_DUP2, output, 1)]
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main(what: str, *args: str) -> None:
    """Run one of the loops."""
    match what:
        case "spawn":
            spawn(int(args[0]), list(args[1:]))
        case "respawn":
            respawn(list(args))
        case "splice":
            splice(args[0], list(args[1:]))
        case "watch":
            watch([int(pid) for pid in args])


if __name__ == "__main__":
    main(*sys.argv[1:])
