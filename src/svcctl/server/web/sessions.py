"""Who is logged in with a browser: kept over restarts, and nowhere the id that proves it."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import cast

from svcctl.auth.identity import Identity, parse
from svcctl.errors import UsageError
from svcctl.ports import Cancel, Clock, Document, Store

KIND = "session"
"""Under which the store has them, by the digest of their ids."""

IDLE = 1_800.0
"""Seconds after which a session is over in which nothing was asked and no stream was open."""
LONGEST = 12 * 3_600.0
"""Seconds after which it is over in any case, if what was shown at login holds as long."""

_EACH = 20  # sessions of one actor; the one used longest ago makes room
_NOTED = 60.0  # seconds that the time of the last use, as it is written down, may be old


@dataclass(slots=True, kw_only=True)
class Session:
    """One login: *identity* is as it was shown then, times are seconds since 1970."""

    key: str
    identity: Identity
    begun_at: float
    used_at: float
    noted_at: float
    streams: int = 0

    @property
    def label(self) -> str:
        """What it is called where people read of it; of no use to who would use it."""
        return self.key[:8]

    @property
    def ends_at(self) -> float:
        """When it is over, whatever is done until then."""
        longest = self.begun_at + LONGEST
        return min(longest, self.identity.expires_at or longest)


class Sessions:
    """Those that are not over; what is open in one is told the moment it ends."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known: dict[str, Session] = {}
        self._watching: defaultdict[str, dict[object, Callable[[], None]]] = defaultdict(dict)
        for key, document in store.items(KIND):
            self._read_back(key, document)

    def begin(self, identity: Identity) -> tuple[str, Session]:
        """Begin one for *identity*; give the id to be shown in future, which is not kept."""
        self._end_the_oldest(identity.actor)
        session_id, now = secrets.token_urlsafe(32), self._clock.now()
        session = Session(
            key=_key(session_id), identity=identity, begun_at=now, used_at=now, noted_at=now
        )
        self._known[session.key] = session
        self._note(session)
        return session_id, session

    def find(self, session_id: str) -> Session | None:
        """Give the session of that id, used from now on; None where it is over, or never was."""
        session = self._known.get(_key(session_id))
        if session is None:
            return None
        now = self._clock.now()
        if self._is_over(session, now):
            self.end(session.key)
            return None
        session.used_at = now
        if not 0 <= now - session.noted_at < _NOTED:
            session.noted_at = now
            self._note(session)
        return session

    def seen(self, session_id: str) -> Session | None:
        """Give the session of that id without it being used by that."""
        session = self._known.get(_key(session_id))
        return None if session is None or self._is_over(session, self._clock.now()) else session

    def all(self) -> list[Session]:
        """Give those that are not over."""
        now = self._clock.now()
        return [each for each in self._known.values() if not self._is_over(each, now)]

    def end(self, key: str) -> None:
        """End one; what is open in it is told before this returns."""
        if self._known.pop(key, None) is None:
            return
        self._store.delete(KIND, key)
        for call in list(self._watching.pop(key, {}).values()):
            call()

    def watch(self, label: str, call: Callable[[], None]) -> Cancel:
        """Have *call* made once when the session labelled so ends; it is in use until then."""
        session = next((each for each in self._known.values() if each.label == label), None)
        if session is None:
            call()
            return _nothing
        forget = self.at_end(session, call)
        session.streams += 1

        def cancel() -> None:
            forget()
            session.streams -= 1
            session.used_at = self._clock.now()

        return cancel

    def at_end(self, session: Session, call: Callable[[], None]) -> Cancel:
        """Have *call* made once when *session* ends."""
        mark = object()
        self._watching[session.key][mark] = call

        def cancel() -> None:
            if watching := self._watching.get(session.key):
                watching.pop(mark, None)

        return cancel

    def _is_over(self, session: Session, now: float) -> bool:
        idle = not session.streams and now - session.used_at > IDLE
        return idle or now > session.ends_at

    def _end_the_oldest(self, actor: str) -> None:
        now = self._clock.now()
        for each in [each for each in self._known.values() if self._is_over(each, now)]:
            self.end(each.key)
        own = [each for each in self._known.values() if each.identity.actor == actor]
        for each in sorted(own, key=lambda one: one.used_at)[: max(0, len(own) - _EACH + 1)]:
            self.end(each.key)

    def _note(self, session: Session) -> None:
        document: Document = {
            "identity": {**asdict(session.identity), "roles": list(session.identity.roles)},
            "begun_at": session.begun_at,
            "used_at": session.used_at,
        }
        self._store.put(KIND, session.key, document)

    def _read_back(self, key: str, document: Document) -> None:
        try:
            identity = parse(cast("Document", document["identity"]))
            begun, used = float(str(document["begun_at"])), float(str(document["used_at"]))
        except (UsageError, KeyError, ValueError):  # what another version wrote
            self._store.delete(KIND, key)
            return
        self._known[key] = Session(
            key=key, identity=identity, begun_at=begun, used_at=used, noted_at=used
        )


def csrf_of(session_id: str) -> str:
    """Give what shows that a request was made by a page of ours: only they can read it."""
    return hashlib.sha256(b"csrf:" + session_id.encode()).hexdigest()


def _key(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def _nothing() -> None:
    """There is nothing to cancel."""
