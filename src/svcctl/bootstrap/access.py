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
from svcctl.auth.identity import Identity
from svcctl.bootstrap.own_name import own_name
from svcctl.engine.store import SqliteStore
from svcctl.ports import Clock, Document
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.app.tokens import Tokens

_OF_TOKENS = ("token-issue", "token-list", "token-revoke", "token-rotate")

NATIVE = "native.db"
"""The state file in which the command line writes down what it does itself, without an agent."""


class Guard:
    """Who may do what on this machine, and who did: one for all verbs, and for every way in.

    *store* writes the audit log, *specs* gives the services there are.  What issues tokens is
    loaded once somebody asks for it.
    """

    def __init__(self, store: SqliteStore, *, specs: Specs, clock: Clock) -> None:
        owners = {"uid:0", own_name()} if hasattr(os, "geteuid") else None
        self.access = Access(
            store=store,
            specs=specs,
            owners=owners,
            itself=own_name(),
            still_holds=self._insist_it_holds,
            issued=self._issued,
        )
        self._store, self._specs, self._clock = store, specs, clock
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
        of_tokens = {name: self._of_tokens(name) for name in _OF_TOKENS}
        return {**audit.deeds(), **of_tokens, "may": self._may, "trust": self._trust}

    def _insist_it_holds(self, identity: Identity) -> None:
        self.tokens.revocations.insist(identity, now=self._clock.now())

    def _issued(self, token_id: str) -> Document | None:
        return self.tokens.issued(token_id)

    async def _may(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.rights import Rights  # noqa: PLC0415 - see above

        return await Rights(self.access, self._specs).may(selection, args, emit)

    async def _trust(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.telling_trust import TellingTrust  # noqa: PLC0415 - see above
        from svcctl.auth.authority import published  # noqa: PLC0415

        folder = f"{os.path.dirname(self._store.path)}/certificates"  # noqa: PTH120
        certificates = partial(published, partial(_content, folder))
        telling = TellingTrust(self.tokens, self.access, certificates=certificates)
        return await telling.trust(selection, args, emit)

    def _of_tokens(self, name: str) -> Deed:
        async def deed(selection: Selection, args: Arguments, emit: Emit) -> object:
            return await self.tokens.deeds()[name](selection, args, emit)

        return deed


def _content(folder: str, name: str) -> bytes | None:
    from svcctl.system import whole_file  # noqa: PLC0415 - see above

    return whole_file.read(f"{folder}/{name}")
