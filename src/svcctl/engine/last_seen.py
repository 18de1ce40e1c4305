"""How instances stood when their engine ended: for those who ask once it is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

from svcctl.engine.journal import KIND, Entry, from_document
from svcctl.engine.life import Phase
from svcctl.engine.state_file import open_to_read
from svcctl.ports import InstanceStatus


def last_seen(path: str, *, boot_id: str) -> dict[str, Entry]:
    """Give what an engine wrote of its instances in this boot, by name, in the state file *path*.

    Nothing is changed, and nothing found where that file is missing or cannot be read.
    """
    try:
        with closing(open_to_read(path)) as state:
            rows = state.execute("SELECT key, json FROM document WHERE kind=?", (KIND,)).fetchall()
        found = {key: from_document(json.loads(text)) for key, text in rows}
    except (sqlite3.Error, KeyError, RecursionError, TypeError, ValueError):
        return {}
    return {key: entry for key, entry in found.items() if entry.boot_id == boot_id}


def at_rest(status: InstanceStatus) -> bool:
    """Say whether an instance has no program, nor is about to have one."""
    return status.pid is None and status.phase in {Phase.STOPPED, Phase.FAILED}


def as_it_ended(
    status: InstanceStatus, seen: Mapping[str, Entry], *, after: float = 0.0
) -> InstanceStatus:
    """Add to what a native manager says of an instance without a host how its program ended.

    For the manager, what ended well is stopped.  *after*: only what was started after that time
    (seconds since 1970) counts.
    """
    entry = seen.get(status.instance)
    if entry is None or entry.identity or not at_rest(status) or entry.started_at < after:
        return status
    found = replace(status, exit_code=entry.exit_code, exit_signal=entry.exit_signal)
    if status.phase == Phase.STOPPED and entry.state.phase is Phase.FINISHED:
        return replace(found, phase=str(Phase.FINISHED), reason=status.reason or entry.state.reason)
    return found
