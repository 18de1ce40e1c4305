"""Reads what services wrote to the journal of systemd, through ``journalctl``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import IO

from svcctl.errors import SystemFault

_ENTRY_FIELDS = "MESSAGE,PRIORITY,__REALTIME_TIMESTAMP"


def read_journal(
    unit: str,
    *,
    since: float = 0.0,
    until: float | None = None,
    lines: int | None = None,
    follow: bool = False,
    user: int | None = None,
) -> Iterator[tuple[float, bytes, int]]:
    """Give when (seconds since 1970), what and how grave (syslog(3)) of each line of *unit*.

    From *since* to *until*, or the last *lines* of that; oldest first.  *follow* goes on with what
    is written from then on, until the iterator is closed.  *user* is the id of the user whose own
    unit it is.  Only what its processes wrote, not what systemd says of them.
    """
    argv = ["journalctl", "--no-pager", "--quiet", "--output=json"]
    argv += [f"--output-fields={_ENTRY_FIELDS}"]
    argv += [f"--since=@{since:.6f}"] if since else []
    argv += [f"--until=@{until:.6f}"] if until is not None else []
    argv += [f"--lines={lines}"] if lines is not None else []
    argv += ["--follow"] if follow else []
    argv += [f"_SYSTEMD_UNIT={unit}"] if user is None else _of_user(unit, user)
    try:
        reader = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        raise SystemFault("there is no journalctl on this machine") from error
    try:
        assert reader.stdout is not None
        with closing(reader.stdout) as stream:
            yield from _entries(stream)
    finally:
        reader.terminate()
        reader.wait()


def own_id() -> int:
    """Give the id of this user, whose own units the journal knows by it."""
    return os.getuid()


def _of_user(unit: str, user: int) -> list[str]:
    return [f"_SYSTEMD_USER_UNIT={unit}", f"_UID={user}"]


def _entries(stream: IO[bytes]) -> Iterator[tuple[float, bytes, int]]:
    for line in stream:
        entry = json.loads(line)
        at = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
        yield at, _message(entry.get("MESSAGE")), int(entry.get("PRIORITY", 6))


def _message(said: object) -> bytes:
    """Give a line as it was written: what is no text comes as numbers, what is too long as null."""
    if isinstance(said, list):
        return bytes(said)
    return said.encode() if isinstance(said, str) else b""
