"""Issues tokens of this host, lists them and takes them back; asked for on this machine alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.auth.listening import Listeners
from svcctl.errors import Conflict, UnknownService, UsageError
from svcctl.ports import Clock, Document, Store
from svcctl.wire import Selection

if TYPE_CHECKING:  # an agent that issues no tokens has none of it in memory
    from svcctl.auth.keys import KeyRing, PublicRing
    from svcctl.auth.revocation import Revocations

KIND = "token"
"""Under which the store has what is known of each token but the token itself."""

_LIFETIME = 3600.0  # seconds, unless asked otherwise
_KEPT = 30 * 86_400.0  # seconds an expired token is listed
_LEAST_ID = 6  # characters that say which token is meant
_SERIAL = re.compile(r"[1-9a-f][0-9a-f]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """Where the signing keys are: *read* gives None where there are none yet."""

    read: Callable[[], bytes | None]
    write: Callable[[bytes], None]


class Tokens:
    """The tokens of one host."""

    def __init__(
        self,
        *,
        store: Store,
        keys: KeyFile,
        roles: Callable[[], Iterable[str]],
        clock: Clock,
    ) -> None:
        self._store, self._keys, self._roles, self._clock = store, keys, roles, clock
        self._revocations: Revocations | None = None
        self._issued: dict[str, Document] | None = None
        self.listeners = Listeners()
        """Are told each time there is another key."""

    def deeds(self) -> Mapping[str, Deed]:
        """Give what carries out each verb."""
        return {
            "token-issue": self._issue,
            "token-list": self._list,
            "token-revoke": self._revoke,
            "token-rotate": self._rotate,
        }

    @property
    def revocations(self) -> Revocations:
        """What was revoked: the one set that every way in watches."""
        if self._revocations is None:
            from svcctl.auth.revocation import Revocations  # noqa: PLC0415 - see above

            self._revocations = Revocations(self._store)
        return self._revocations

    def issued(self, token_id: str) -> Document | None:
        """Give what is known of a token but the token itself; None where none has that id."""
        if self._issued is None:
            self._issued = dict(self._known())
        return self._issued.get(token_id)

    def ring(self) -> KeyRing:
        """Give the signing keys, made where there are none; raises StateFault, NotAvailable."""
        from svcctl.auth.keys import dump, new_ring, parse  # noqa: PLC0415 - see above

        content = self._keys.read()
        if content is not None:
            return parse(content)
        ring = new_ring(self._clock.now())
        self._keys.write(dump(ring))
        self.listeners.tell()
        return ring

    def public_ring(self) -> PublicRing:
        """Give what verifies tokens; raises StateFault.  No key is made: there may be none."""
        from svcctl.auth.keys import PublicRing, parse  # noqa: PLC0415 - see above

        content = self._keys.read()
        return PublicRing() if content is None else parse(content).public()

    async def _issue(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.auth.tokens import issue  # noqa: PLC0415 - see above

        del selection, emit
        subject, now = args.text("name") or "", self._clock.now()
        roles = self._known_roles(args.text("roles") or "")
        if args.flag("first"):
            self._insist_on_first(roles)
        _check_subject(subject)
        lifetime = args.seconds("for")
        lasts = _LIFETIME if lifetime is None else lifetime
        issued = issue(self.ring(), subject, roles=roles, lifetime=lasts, now=now)
        self._forget_old(now)
        document = asdict(issued)
        text = document.pop("text")
        self._issued = None
        self._store.put(KIND, issued.id, document | {"roles": list(issued.roles)})
        await self._store.settle()
        return {"token": text, **document, "roles": list(issued.roles)}

    async def _list(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        now = self._clock.now()
        rows = [{**each, "state": self._state(key, each, now)} for key, each in self._known()]
        return sorted(rows, key=lambda row: cast("float", row["issued_at"]))

    async def _revoke(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        named, until = args.text("id") or "", None
        known: dict[str, object] = {"id": named, "subject": named}
        if args.flag("certificate"):
            _check_serial(named)
        else:
            named, known = self._meant(named)
            until = cast("float", known["expires_at"])
        self.revocations.revoke(named, until=until, now=self._clock.now())
        await self._store.settle()
        return {**known, "state": "revoked"}

    async def _rotate(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.auth.keys import LEAD, dump  # noqa: PLC0415 - see above

        del selection, args, emit
        now = self._clock.now()
        ring = self.ring().rotated(now)
        self._keys.write(dump(ring))
        self.listeners.tell()
        return {"key": ring.keys[-1].id, "signs_from": now + LEAD, "keys": len(ring.keys)}

    def _known(self) -> list[tuple[str, dict[str, object]]]:
        return self._store.items(KIND)

    def _state(self, token_id: str, known: Mapping[str, object], now: float) -> str:
        if self.revocations.is_revoked(token_id):
            return "revoked"
        return "expired" if now > cast("float", known["expires_at"]) else "valid"

    def _meant(self, begins: str) -> tuple[str, dict[str, object]]:
        found = [each for each in self._known() if each[0].startswith(begins)]
        hint = f"give {_LEAST_ID} characters or more: svcctl auth token list"
        if len(found) > 1:
            raise UsageError(f"several tokens' ids begin with {begins!r}", hint=hint)
        if not found or len(begins) < _LEAST_ID:
            raise UnknownService(f"no token's id begins with {begins!r}", hint=hint)
        return found[0]

    def _known_roles(self, text: str) -> list[str]:
        roles = [each.strip() for each in text.split(",") if each.strip()]
        known = list(self._roles())
        for each in roles:
            if each not in known:
                from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - for mistakes only

                hint = did_you_mean(each, known) or f"there are: {', '.join(known)}"
                raise UsageError(f"there is no role {each!r}", hint=hint)
        return roles

    def _insist_on_first(self, roles: list[str]) -> None:
        """Refuse a second first token: whoever was first may issue others."""
        roles[:] = roles or ["admin"]
        if any("admin" in json.dumps(each.get("roles")) for _, each in self._known()):
            hint = "whoever owns this machine may issue one without --first"
            raise Conflict("there was a token of an admin already", hint=hint)

    def _forget_old(self, now: float) -> None:
        for key, each in self._known():
            if cast("float", each["expires_at"]) + _KEPT < now:
                self._store.delete(KIND, key)


def _check_serial(text: str) -> None:
    if not _SERIAL.fullmatch(text):
        hint = "hexadecimal, in small letters: svcctl cert list"
        raise UsageError(f"{text!r} is no serial number of a certificate", hint=hint)


def _check_subject(subject: str) -> None:
    from svcctl.spec.names import SERVICE_NAME  # noqa: PLC0415 - see above

    if not SERVICE_NAME.fullmatch(subject):
        raise UsageError(f"{subject!r} cannot name who a token is for", hint="use a-z, 0-9, '.-_'")
