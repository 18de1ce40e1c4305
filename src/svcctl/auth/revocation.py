"""Which tokens and certificates no longer hold, and who is to be told the moment one is revoked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from svcctl.auth.identity import Identity
from svcctl.auth.listening import Listeners
from svcctl.errors import Denied
from svcctl.ports import Cancel, Store

KIND = "revoked"
"""Under which the store has what was revoked: until when it would have held."""

_FOREVER = 2.0**40


class Revocations:
    """What was revoked, over restarts; whoever serves a stream watches its asker's token.

    Without a *store* it is known for as long as this process lives, which is told of it.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        items = store.items(KIND) if store else []
        self._until = {key: _until(document) for key, document in items}
        self._watching: defaultdict[str, dict[int, Callable[[], None]]] = defaultdict(dict)
        self._last = 0
        self.listeners = Listeners()
        """Are told each time something is revoked, once it is known."""

    def known(self) -> dict[str, float]:
        """Give what was revoked, and until when it would have held, in seconds since 1970."""
        return dict(self._until)

    def revoke(self, token_id: str, *, until: float | None, now: float) -> None:
        """Have *token_id* hold no more; those who watch it are told before this returns.

        *until* is when it expires by itself (None: never), in seconds since 1970.
        """
        self._until[token_id] = _FOREVER if until is None else until
        if self._store:
            self._store.put(KIND, token_id, {"until": until})
        self._forget_expired(now)
        for call in list(self._watching.pop(token_id, {}).values()):
            call()
        self.listeners.tell()

    def is_revoked(self, token_id: str) -> bool:
        """Say whether it was."""
        return token_id in self._until

    def insist(self, identity: Identity, *, now: float) -> None:
        """Raise Denied where what proved *identity* was revoked, or has expired by now."""
        if identity.token_id and self.is_revoked(identity.token_id):
            raise Denied(f"what {identity.actor} showed was revoked", hint="ask an admin for more")
        if identity.expires_at is not None and now > identity.expires_at:
            raise Denied(f"what {identity.actor} showed has expired", hint="log in again")

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        """Have *call* made once what proved *identity* is revoked; at once where it was already."""
        token_id = identity.token_id
        if token_id and self.is_revoked(token_id):
            call()
            return _nothing
        if not token_id:
            return _nothing
        self._last += 1
        number = self._last
        self._watching[token_id][number] = call

        def cancel() -> None:
            watching = self._watching.get(token_id)
            if watching and watching.pop(number, None) and not watching:
                del self._watching[token_id]

        return cancel

    def _forget_expired(self, now: float) -> None:
        for token_id in [each for each, until in self._until.items() if until < now - 3600.0]:
            del self._until[token_id]
            if self._store:
                self._store.delete(KIND, token_id)


def _until(document: dict[str, object]) -> float:
    found = document.get("until")
    return float(found) if isinstance(found, int | float) else _FOREVER


def _nothing() -> None:
    """There is nothing to cancel."""
