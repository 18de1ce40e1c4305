"""Turns the log of a running service up and down again, as anybody could: ``svcctl log-level``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from svcctl.errors import SystemFault

_AT_MOST = "1h"


async def turn_log(instance: str, *, up: bool, environ: Mapping[str, str]) -> None:
    """Have *instance* log from ``debug`` on, for an hour at most, or as it did before.

    Raises SystemFault, with what svcctl says, where it does not.
    """
    words = ("debug", "--for", _AT_MOST) if up else ("--reset",)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "svcctl", "log-level", instance, *words),
        env=dict(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        first = said.decode("utf-8", "replace").strip().partition("\n")[0]
        raise SystemFault(f"the level of the log stays: {first}")
