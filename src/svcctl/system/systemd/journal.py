"""Reads the past of the journal of systemd, through ``journalctl``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing

from svcctl.errors import SystemFault

CURSOR = "__CURSOR"
COMMAND = ("journalctl", "--no-pager", "--quiet", "--all", "--output=json")


def past_entries(
    terms: Sequence[str],
    *,
    since: float = 0.0,
    until: float | None = None,
    after: str = "",
    most: int | None = None,
    only: Sequence[str] = (),
) -> Iterator[bytes]:
    """Give the entries that *terms* choose, oldest first, each a line of JSON: journalctl(1).

    They are those from *since* to *until* (seconds since 1970; 0: all), or those *after* a cursor,
    or the last so many of them.  *only* names the fields that are wanted.  Raises SystemFault, also
    later.
    """
    argv = [*COMMAND]
    argv += [f"--since=@{since:.6f}"] if since and not after else []
    argv += [f"--until=@{until:.6f}"] if until is not None else []
    argv += [f"--after-cursor={after}"] if after else []
    argv += [f"--lines={most}"] if most is not None else []
    argv += [f"--output-fields={','.join(only)}"] if only else []
    reader = start([*argv, *terms])
    try:
        assert reader.stdout is not None
        with closing(reader.stdout) as stream:
            yield from (line.rstrip(b"\n") for line in stream)
    finally:
        end(reader)


def last_cursor() -> str:
    """Give the cursor of the last entry of the whole journal; empty where there is none."""
    for entry in past_entries((), most=1, only=("MESSAGE",)):
        return str(json.loads(entry)[CURSOR])
    return ""


def unit_terms(unit: str, *, of_user: bool) -> list[str]:
    """Give what journalctl takes for what processes of *unit* wrote, not what systemd says of them.

    *of_user*: it is kept by this user's systemd, not by that of the machine.
    """
    if not of_user:
        return [f"_SYSTEMD_UNIT={unit}"]
    return [f"_SYSTEMD_USER_UNIT={unit}", f"_UID={os.getuid()}"]


def said(entry: bytes) -> tuple[float, bytes, str]:
    """Give when *entry* was written (seconds since 1970), what it says, and its cursor."""
    fields = json.loads(entry)
    return (
        int(fields["__REALTIME_TIMESTAMP"]) / 1e6,
        _message(fields.get("MESSAGE")),
        fields[CURSOR],
    )


def _message(found: object) -> bytes:
    """Give a line as it was written: what is no text comes as numbers."""
    if isinstance(found, list):
        return bytes(found)
    return found.encode() if isinstance(found, str) else b""


def start(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Begin to read; raises SystemFault where there is no journalctl."""
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        hint = "this machine has no journal of systemd; use path"
        raise SystemFault("there is no journalctl on this machine", hint=hint) from error


def end(reader: subprocess.Popen[bytes]) -> None:
    """Read no more."""
    reader.terminate()
    for stream in (reader.stdout, reader.stderr):
        if stream is not None:
            stream.close()
    reader.wait()
