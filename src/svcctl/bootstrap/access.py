"""Puts together who may do what, and who did: for an agent, and for who asks without one."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from svcctl.app.access import Access, Specs
from svcctl.app.arguments import Arguments
from svcctl.app.auditing import Auditing
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.engine.store import SqliteStore
from svcctl.ports import Clock
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.app.tokens import Tokens

_OF_TOKENS = ("token-issue", "token-list", "token-revoke", "token-rotate")

NATIVE = "native.db"
"""The state file in which the command line writes down what it does itself, without an agent."""


def own_name() -> str:
    """Give the actor that this process is."""
    return f"uid:{os.geteuid()}" if hasattr(os, "geteuid") else f"pid:{os.getpid()}"


class Guard:
    """Who may do what on this machine, and who did: one for all verbs, and for every way in.

    *store* writes the audit log, *specs* gives the services there are.  What issues tokens is
    loaded once somebody asks for it.
    """

    def __init__(self, store: SqliteStore, *, specs: Specs, clock: Clock) -> None:
        owners = {"uid:0", own_name()} if hasattr(os, "geteuid") else None
        self.access = Access(store=store, specs=specs, owners=owners)
        self._store, self._clock = store, clock
        self._tokens: Tokens | None = None

    @property
    def tokens(self) -> Tokens:
        """What issues tokens; its signing keys are beside the state, for its owner alone."""
        if self._tokens is None:
            from svcctl.app.tokens import KeyFile, Tokens  # noqa: PLC0415 - see above
            from svcctl.system import whole_file  # noqa: PLC0415

            folder = os.path.dirname(self._store.path)  # noqa: PTH120 - pathlib is slow to load
            path = f"{folder}/signing-keys.json"
            keys = KeyFile(
                read=partial(whole_file.read, path),
                write=partial(whole_file.write, path, mode=0o600),
            )
            roles = self.access.role_names
            self._tokens = Tokens(store=self._store, keys=keys, roles=roles, clock=self._clock)
        return self._tokens

    def deeds(self) -> dict[str, Deed]:
        """Give what carries out each verb about access."""
        store = self._store
        audit = Auditing(store.path, flush=store.flush, access=self.access, clock=self._clock)
        return {**audit.deeds(), **{name: self._of_tokens(name) for name in _OF_TOKENS}}

    def _of_tokens(self, name: str) -> Deed:
        async def deed(selection: Selection, args: Arguments, emit: Emit) -> object:
            return await self.tokens.deeds()[name](selection, args, emit)

        return deed
