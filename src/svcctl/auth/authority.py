"""A small certificate authority in a folder: who got what, until when, and what was revoked.

``trust.pem`` is all that others need: the certificates of the authority, and for each of them what
it revoked.  After a rotation there are two of them, until the last certificate of the old one ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from svcctl.auth.certificates import Pair, new_authority, new_certificate, revocation_list
from svcctl.auth.spiffe import spiffe_id
from svcctl.errors import Conflict, StateFault, UsageError

LASTS = 10 * 365 * 86_400.0
"""Seconds an authority lasts."""

LONGEST = 398 * 86_400.0
"""Seconds a certificate may last."""

_LEDGER = "ledger.json"
_TRUST = "trust.pem"
_VERSION = 1


class Files(Protocol):
    """The folder of the authority."""

    def read(self, name: str) -> bytes | None:
        """Give what stands in a file, None where there is none."""

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        """Put *content* there in one step; *private*: for its owner alone."""

    def path(self, name: str) -> str:
        """Say where a file is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One certificate that was issued, by which *authority* (from 1), and when it was revoked."""

    serial: str
    name: str
    uri: str
    names: tuple[str, ...]
    authority: int
    issued_at: float
    expires_at: float
    lifetime: float
    revoked_at: float | None = None

    def state(self, now: float) -> str:
        """Give ``valid``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now > self.expires_at else "valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything an authority remembers; *authorities* is how many there were."""

    domain: str
    authorities: int
    entries: tuple[Entry, ...] = field(default=())

    def newest(self, name: str) -> Entry | None:
        """Give the last certificate of *name* that was not revoked."""
        found = [each for each in self.entries if each.name == name and each.revoked_at is None]
        return max(found, key=lambda each: each.issued_at, default=None)


class Authority:
    """The authority in *files*; *now* gives the seconds since 1970."""

    def __init__(self, files: Files, *, now: Callable[[], float]) -> None:
        self._files, self._now = files, now

    def begin(self, domain: str) -> Ledger:
        """Make the authority; raises Conflict where there is one."""
        if self._files.read(_LEDGER) is not None:
            hint = "a new key for it: svcctl cert init --rotate"
            raise Conflict("there is an authority already", hint=hint)
        spiffe_id(domain, "check")
        return self._add_authority(Ledger(domain=domain, authorities=0))

    def rotate(self) -> Ledger:
        """Give the authority a new key; what the old one signed holds until it ends."""
        return self._add_authority(self.ledger())

    def ledger(self) -> Ledger:
        """Give what is remembered; raises Conflict where there is no authority, StateFault."""
        content = self._files.read(_LEDGER)
        if content is None:
            raise Conflict("there is no authority yet", hint="svcctl cert init --domain NAME")
        return _parse(content)

    def issue(self, name: str, *, names: Iterable[str], lifetime: float) -> Entry:
        """Issue a certificate of *name*; one of before holds on until it ends."""
        if not 0 < lifetime <= LONGEST:
            hint = f"at most {LONGEST / 86_400:.0f}d; renew it"
            raise UsageError(f"a certificate cannot last {lifetime:g}s", hint=hint)
        ledger, now = self.ledger(), self._now()
        uri, listed = spiffe_id(ledger.domain, name), tuple(names)
        authority = self._pair(ledger.authorities)
        made = new_certificate(authority, uri, names=listed, lifetime=lifetime, now=now)
        entry = Entry(
            serial=made.serial,
            name=name,
            uri=uri,
            names=listed,
            authority=ledger.authorities,
            issued_at=now,
            expires_at=made.expires_at,
            lifetime=lifetime,
        )
        self._keep(replace(ledger, entries=(*ledger.entries, entry)))
        self._files.write(self._file(name, "key"), made.key, private=True)
        self._files.write(self._file(name, "pem"), made.certificate, private=False)
        return entry

    def renew(self, name: str) -> Entry:
        """Issue a certificate like the last one of *name*; both hold until the old one ends."""
        last = self.ledger().newest(name)
        if last is None:
            raise UsageError(f"there is no certificate of {name!r}", hint="svcctl cert issue NAME")
        return self.issue(name, names=last.names, lifetime=last.lifetime)

    def revoke(self, meant: str) -> list[Entry]:
        """Revoke every certificate of a name, or one by its serial number; raises UsageError."""
        ledger, now = self.ledger(), self._now()
        found = [
            each
            for each in ledger.entries
            if meant in {each.name, each.serial} and each.revoked_at is None
        ]
        if not found:
            raise UsageError(f"there is no certificate of {meant!r}", hint="svcctl cert list")
        gone = {each.serial for each in found}
        entries = tuple(
            replace(each, revoked_at=now) if each.serial in gone else each
            for each in ledger.entries
        )
        after = replace(ledger, entries=entries)
        self._publish(after)  # first: what is only half done can be done again
        self._keep(after)
        return [each for each in entries if each.serial in gone]

    def place(self, name: str) -> dict[str, str]:
        """Say where the key, the certificate and what to trust are, of *name*."""
        return {
            "certificate": self._files.path(self._file(name, "pem")),
            "key": self._files.path(self._file(name, "key")),
            "trust": self._files.path(_TRUST),
        }

    def _add_authority(self, ledger: Ledger) -> Ledger:
        number = ledger.authorities + 1
        made = new_authority(ledger.domain, number=number, lifetime=LASTS, now=self._now())
        self._files.write(f"authority-{number}.key", made.key, private=True)
        self._files.write(f"authority-{number}.pem", made.certificate, private=False)
        ledger = replace(ledger, authorities=number)
        self._publish(ledger)
        self._keep(ledger)
        return ledger

    def _publish(self, ledger: Ledger) -> None:
        """Write what others are to trust."""
        parts = [part for number in self._in_use(ledger) for part in self._trusted(ledger, number)]
        self._files.write(_TRUST, b"".join(parts), private=False)

    def _trusted(self, ledger: Ledger, number: int) -> Iterator[bytes]:
        pair = self._pair(number)
        revoked = {
            each.serial: each.revoked_at
            for each in ledger.entries
            if each.authority == number and each.revoked_at is not None
        }
        yield pair.certificate
        yield revocation_list(pair, revoked, now=self._now())

    def _in_use(self, ledger: Ledger) -> list[int]:
        now = self._now()
        alive = {each.authority for each in ledger.entries if each.expires_at >= now}
        return sorted(alive | {ledger.authorities})

    def _pair(self, number: int) -> Pair:
        key = self._files.read(f"authority-{number}.key")
        certificate = self._files.read(f"authority-{number}.pem")
        if key is None or certificate is None:
            raise StateFault(f"the key of authority {number} is gone", hint="svcctl cert init")
        return Pair(key=key, certificate=certificate)

    def _file(self, name: str, kind: str) -> str:
        return f"issued/{name.replace('/', '+')}.{kind}"

    def _keep(self, ledger: Ledger) -> None:
        document = asdict(ledger) | {"version": _VERSION}
        self._files.write(_LEDGER, json.dumps(document, indent=1).encode(), private=True)


def published(read: Callable[[str], bytes | None]) -> dict[str, object]:
    """Give the domain and ``trust.pem`` of the authority whose files *read* gives.

    Empty where there is no authority; raises StateFault.
    """
    ledger, trust = read(_LEDGER), read(_TRUST)
    if ledger is None or trust is None:
        return {}
    return {"domain": _parse(ledger).domain, "trust": trust.decode("ascii")}


def _parse(content: bytes) -> Ledger:
    try:
        document = json.loads(content)
        if document.pop("version") != _VERSION:
            raise StateFault("the authority was kept by another version of svcctl")
        entries = tuple(
            Entry(**{**each, "names": tuple(each["names"])}) for each in document.pop("entries")
        )
        return Ledger(**document, entries=entries)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StateFault("what the authority remembers is unreadable") from error
