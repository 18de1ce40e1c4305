"""Puts together who may do what, and who did: for an agent, and for who asks without one."""

from __future__ import annotations

import os

from svcctl.app.access import Access, Specs
from svcctl.app.auditing import Auditing
from svcctl.engine.store import SqliteStore
from svcctl.ports import Clock

NATIVE = "native.db"
"""The state file in which is written down what was done to native services."""


def access_of(store: SqliteStore, *, specs: Specs) -> Access:
    """Give who may do what, as it was applied."""
    owners = {"uid:0", f"uid:{os.geteuid()}"} if hasattr(os, "geteuid") else None
    return Access(store=store, specs=specs, owners=owners)


def auditing(store: SqliteStore, *, path: str, access: Access, clock: Clock) -> Auditing:
    """Give what answers for the audit log in *path*, which *store* writes."""
    return Auditing(path, flush=store.flush, access=access, clock=clock)
