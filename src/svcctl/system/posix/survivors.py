"""Finds by its environment what an earlier agent started, whatever the journal says."""

from __future__ import annotations

import os
from collections.abc import Callable

from svcctl.ports import Identity, Survivor
from svcctl.system.posix.process import TAG_VARIABLE, TOKEN_VARIABLE, read_small, take_snapshot

MARK_VARIABLE = "SVCCTL_MARK"


def mark_in(folder: str) -> str:
    """Give what agents with this run folder mark their programs with; nobody else can know it.

    For who holds the agent's lock: it is made up where there is none.
    """
    path = os.path.join(folder, "mark")
    mark = read_small(path).decode(errors="replace")
    if len(mark) == 32:
        return mark
    mark = os.urandom(16).hex()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, mark.encode())
    finally:
        os.close(descriptor)
    return mark


def survivors(mark: str, identify: Callable[[int], Identity | None]) -> tuple[Survivor, ...]:
    """Give the first leader of a session with *mark*, oldest first, of each start of a program.

    A program that has written over its environment, or went into the background, is not found.
    """
    wanted = f"{MARK_VARIABLE}={mark}"
    found: dict[str, Survivor] = {}
    leaders = [each for each in take_snapshot().by_pid.values() if each.pid == each.session]
    for each in sorted(leaders, key=lambda each: (each.start_ticks, each.pid)):
        variables = read_small(f"/proc/{each.pid}/environ").split(b"\0")
        if each.ended or wanted.encode() not in variables:
            continue
        tag, token = _value(variables, TAG_VARIABLE), _value(variables, TOKEN_VARIABLE)
        identity = identify(each.pid) if token not in found else None
        if identity is not None and ":" not in tag:
            found[token] = Survivor(tag=tag, token=token, identity=identity)
    return tuple(found.values())


def _value(variables: list[bytes], name: str) -> str:
    start = f"{name}=".encode()
    return next(
        (os.fsdecode(each[len(start) :]) for each in variables if each.startswith(start)), ""
    )
