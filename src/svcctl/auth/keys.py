"""The keys an agent signs tokens with: one in use, the next one known before it is used.

A key is published ``LEAD`` before it signs, so that whoever keeps a copy of the key set has it by
then, and stays published until the last token it signed has expired.  Pure but for the making of a
key: :class:`KeyRing` is a value.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from svcctl.auth.library import jwk
from svcctl.errors import StateFault

LEAD = 300.0
"""Seconds a key is published before it signs."""

LONGEST = 86_400.0
"""Seconds a token may live, at most."""

SLACK = 30.0
"""Seconds that clocks may differ."""

_VERSION = 1


class Verifying(Protocol):
    """What verifies the tokens of one host."""

    @property
    def host(self) -> str:
        """Name the host in tokens."""

    def verifying(self, now: float) -> Mapping[str, Mapping[str, str]]:
        """Give the public keys that verify now, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRing:
    """The public halves of a :class:`KeyRing`, for who looks at tokens and issues none.

    *keys* are (id, until when it verifies, JWK); a host that has issued nothing has none.
    """

    host: str = ""
    keys: tuple[tuple[str, float | None, Mapping[str, str]], ...] = ()

    def verifying(self, now: float) -> dict[str, Mapping[str, str]]:
        """Give the public keys that verify now, by id."""
        return {name: key for name, ends, key in self.keys if ends is None or now < ends}

    def document(self) -> dict[str, object]:
        """Give it in a form that :func:`parse_public` reads."""
        keys = [{"id": name, "ends": ends, "jwk": dict(key)} for name, ends, key in self.keys]
        return {"host": self.host, "keys": keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One Ed25519 key; it signs from *begins* on, and verifies until *ends* (None: for now)."""

    id: str
    begins: float
    ends: float | None
    private: Mapping[str, str] = field(repr=False)

    @property
    def public(self) -> dict[str, str]:
        """The JWK that verifies, RFC 8037."""
        return {name: value for name, value in self.private.items() if name != "d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys of one host; *host* names it in tokens, and is never used again."""

    host: str
    keys: tuple[SigningKey, ...]

    def signing(self, now: float) -> SigningKey:
        """Give the key that signs now: the newest that has begun."""
        begun = [each for each in self.keys if each.begins <= now]
        return max(begun or self.keys, key=lambda each: each.begins)

    def verifying(self, now: float) -> dict[str, Mapping[str, str]]:
        """Give the public keys that verify now, by id: retired and coming ones too."""
        return {each.id: each.public for each in self.keys if each.ends is None or now < each.ends}

    def jwks(self, now: float) -> dict[str, Any]:
        """Give the key set to be published, RFC 7517."""
        return {"keys": list(self.verifying(now).values())}

    def public(self) -> PublicRing:
        """Give what verifies, without what signs."""
        keys = tuple((each.id, each.ends, each.public) for each in self.keys)
        return PublicRing(host=self.host, keys=keys)

    def rotated(self, now: float) -> KeyRing:
        """Give a ring with a new key, which signs after ``LEAD``; the others retire after it."""
        begins = now + LEAD
        ends = begins + LONGEST + SLACK
        kept = [
            replace(each, ends=ends if each.ends is None else each.ends)
            for each in self.keys
            if each.ends is None or now < each.ends
        ]
        return replace(self, keys=(*kept, new_key(begins)))


def new_ring(now: float) -> KeyRing:
    """Give the ring of a host that had none; its key signs at once."""
    return KeyRing(host=secrets.token_hex(8), keys=(new_key(now),))


def new_key(begins: float) -> SigningKey:
    """Make a key; raises NotAvailable without the extra ``auth``."""
    name = secrets.token_hex(8)
    parameters: Any = {"kid": name, "alg": "Ed25519", "use": "sig"}
    made = jwk().OKPKey.generate_key("Ed25519", parameters)
    private = cast("dict[str, str]", made.as_dict(private=True))
    return SigningKey(id=name, begins=begins, ends=None, private=private)


def dump(ring: KeyRing) -> bytes:
    """Give *ring* as it is kept in a file that only its owner may read."""
    keys = [
        {"id": each.id, "begins": each.begins, "ends": each.ends, "jwk": dict(each.private)}
        for each in ring.keys
    ]
    return json.dumps({"version": _VERSION, "host": ring.host, "keys": keys}).encode()


def parse(content: bytes) -> KeyRing:
    """Read what :func:`dump` gave; raises StateFault."""
    try:
        document = json.loads(content)
        if document["version"] != _VERSION:
            raise StateFault(f"signing keys have version {document['version']!r}, not {_VERSION}")
        keys = tuple(
            SigningKey(
                id=str(each["id"]),
                begins=float(each["begins"]),
                ends=None if each["ends"] is None else float(each["ends"]),
                private=dict(each["jwk"]),
            )
            for each in document["keys"]
        )
        host = str(document["host"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        keys, host = (), ""
    if not keys or not host:
        raise StateFault(
            "the signing keys are unreadable", hint="move the file away: tokens are issued anew"
        )
    return KeyRing(host=host, keys=keys)


def parse_public(document: Mapping[str, object]) -> PublicRing:
    """Read what :meth:`PublicRing.document` gave; raises StateFault, also for a private key."""
    try:
        listed = cast("list[dict[str, Any]]", document["keys"])
        keys = tuple(
            (str(each["id"]), each["ends"] and float(each["ends"]), dict(each["jwk"]))
            for each in listed
        )
        host = str(document["host"])
    except (ValueError, TypeError, KeyError):
        raise StateFault("what is told of the keys of tokens is unreadable") from None
    if any("d" in key for _, _, key in keys):
        raise StateFault("a private key was told where public ones are wanted")
    return PublicRing(host=host, keys=keys)
