"""Tokens that show nobody: expired, of others, signed by anybody, or saying how to be read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ed25519
from joserfc import jwt
from joserfc.jwk import OKPKey

from svcctl.auth.keys import KeyRing, new_ring
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import audience, issue
from svcctl.ports import Clock


class Host(Protocol):
    """Whoever issues tokens, and takes them back."""

    @property
    def ring(self) -> KeyRing: ...

    @property
    def revocations(self) -> Revocations: ...

    @property
    def clock(self) -> Clock: ...


Forge = Callable[[Host], str]

PRIVATE = bytes(range(32))
"""The key that signs requests in tests."""
PUBLIC = ed25519.Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _parts(host: Host, **changed: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give header and claims of a good token of Ann's, but for what is *changed*."""
    now = int(host.clock.now())
    claims = {
        "iss": audience(host.ring),
        "aud": audience(host.ring),
        "sub": "ann",
        "jti": "0" * 32,
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "roles": ["admin"],
    } | changed
    return {"alg": "Ed25519", "kid": host.ring.keys[0].id, "typ": "svcctl+jwt"}, claims


def _unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    head, body = (_b64(json.dumps(each).encode()) for each in (header, claims))
    return f"{head}.{body}.{_b64(signature)}"


def _truly_signed(host: Host, header: dict[str, Any], claims: dict[str, Any]) -> str:
    key = OKPKey.import_key(dict(host.ring.keys[0].private))
    head, body = (_b64(json.dumps(each).encode()) for each in (header, claims))
    signature = key.private_key.sign(f"{head}.{body}".encode())  # type: ignore[union-attr]
    return f"{head}.{body}.{_b64(signature)}"


def _none(host: Host) -> str:
    header, claims = _parts(host)
    return _unsigned(header | {"alg": "none"}, claims)


def _none_in_capitals(host: Host) -> str:
    header, claims = _parts(host)
    return _unsigned(header | {"alg": "NoNe"}, claims)


def _good(host: Host) -> str:
    return issue(host.ring, "ann", roles=["admin"], lifetime=600, now=host.clock.now()).text


def _without_signature(host: Host) -> str:
    return _good(host).rpartition(".")[0] + "."


def _cut(host: Host) -> str:
    return _good(host)[:-4]


def _public_key_as_secret(host: Host) -> str:
    """HS256 with what everybody knows: the old confusion of algorithms."""
    header, claims = _parts(host)
    public = json.dumps(host.ring.keys[0].public).encode()
    head, body = (_b64(json.dumps(each).encode()) for each in (header | {"alg": "HS256"}, claims))
    mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{_b64(mac)}"


def _with_header(**more: object) -> Forge:
    def forge(host: Host) -> str:
        header, claims = _parts(host)
        return _truly_signed(host, header | more, claims)

    return forge


def _with_claims(**changed: object) -> Forge:
    def forge(host: Host) -> str:
        return _truly_signed(host, *_parts(host, **changed))

    return forge


def _of_own_key(host: Host) -> str:
    """A key of the attacker's, which the token brings along."""
    mine = OKPKey.generate_key("Ed25519", {"kid": "mine"})
    header, claims = _parts(host)
    header |= {"kid": "mine", "jwk": mine.as_dict(private=False)}
    return str(jwt.encode(header, claims, mine, algorithms=["Ed25519"]))


def _of_a_foreign_key(host: Host) -> str:
    """A key of the attacker's, under the name of one that is trusted."""
    header, claims = _parts(host)
    mine = OKPKey.generate_key("Ed25519", {"kid": header["kid"]})
    return str(jwt.encode(header, claims, mine, algorithms=["Ed25519"]))


def _expired(host: Host) -> str:
    then = host.clock.now() - 3_600
    return issue(host.ring, "ann", roles=["admin"], lifetime=60, now=then).text


def _revoked(host: Host) -> str:
    now = host.clock.now()
    token = issue(host.ring, "ann", roles=["admin"], lifetime=60, now=now)
    host.revocations.revoke(token.id, until=token.expires_at, now=now)
    return token.text


def _of_another_host(host: Host) -> str:
    now = host.clock.now()
    return issue(new_ring(now), "ann", roles=["admin"], lifetime=600, now=now).text


TRIED_EVERYWHERE: dict[str, Forge] = {
    "expired": _expired,
    "not yet valid": _with_claims(nbf=9_999_999_990, iat=9_999_999_990, exp=9_999_999_999),
    "another audience": _with_claims(aud="svcctl:another"),
    "another host": _of_another_host,
    "a foreign key": _of_a_foreign_key,
    "no algorithm": _none,
    "the public key as a secret": _public_key_as_secret,
    "cut": _cut,
    "revoked": _revoked,
}
"""What is tried on every way in, with everything that can be asked there."""

FORGED: dict[str, Forge] = TRIED_EVERYWHERE | {
    "no algorithm in capitals": _none_in_capitals,
    "no signature": _without_signature,
    "a key it brings along": _of_own_key,
    "where its key is": _with_header(jku="https://evil.example/keys"),
    "where its certificate is": _with_header(x5u="https://evil.example/cert"),
    "its certificate": _with_header(x5c=["AA=="]),
    "what must be understood": _with_header(crit=["exp"], exp=0),
    "what is not encoded": _with_header(b64=False, crit=["b64"]),
    "a path as key": _with_header(kid="../../../../dev/null"),
    "a query as key": _with_header(kid="' OR 1=1 --"),
    "a list as key": _with_header(kid=["a"]),
    "another kind": _with_header(typ="JWT"),
    "many audiences": _with_claims(aud=["svcctl:another", "svcctl"]),
    "another issuer": _with_claims(iss="https://evil.example"),
    "no end": _with_claims(exp=None),
    "an end that is a text": _with_claims(exp="9999999999"),
    "an end that is none": _with_claims(exp=float("nan")),
    "an end far away": _with_claims(exp=9_999_999_999),
    "roles that are a text": _with_claims(roles="admin"),
    "nobody": _with_claims(sub=None),
}
"""All that is tried on one path."""
