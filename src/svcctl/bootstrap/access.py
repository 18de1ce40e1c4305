"""Puts together who may do what, and who did: for an agent, and for who asks without one."""

from __future__ import annotations

import os
from functools import partial

from svcctl.app.access import Access, Specs
from svcctl.app.auditing import Auditing
from svcctl.app.tokens import KeyFile, Tokens
from svcctl.engine.store import SqliteStore
from svcctl.ports import Clock
from svcctl.system import whole_file

NATIVE = "native.db"
"""The state file in which the command line writes down what it does itself, without an agent."""


def own_name() -> str:
    """Give the actor that this process is."""
    return f"uid:{os.geteuid()}" if hasattr(os, "geteuid") else f"pid:{os.getpid()}"


def access_of(store: SqliteStore, *, specs: Specs) -> Access:
    """Give who may do what, as it was applied."""
    owners = {"uid:0", own_name()} if hasattr(os, "geteuid") else None
    return Access(store=store, specs=specs, owners=owners)


def tokens(store: SqliteStore, *, access: Access, clock: Clock) -> Tokens:
    """Give what issues tokens; its signing keys are beside the state, for its owner alone."""
    path = os.path.join(os.path.dirname(store.path), "signing-keys.json")  # noqa: PTH118, PTH120 - pathlib is slow to load
    keys = KeyFile(
        read=partial(whole_file.read, path), write=partial(whole_file.write, path, mode=0o600)
    )
    return Tokens(store=store, keys=keys, roles=access.role_names, clock=clock)


def auditing(store: SqliteStore, *, path: str, access: Access, clock: Clock) -> Auditing:
    """Give what answers for the audit log in *path*, which *store* writes."""
    return Auditing(path, flush=store.flush, access=access, clock=clock)
