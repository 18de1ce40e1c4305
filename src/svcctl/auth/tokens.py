"""Tokens of this host: short-lived JWTs, signed with Ed25519, for one host and nobody else.

After RFC 8725 (best practices for JWT) and RFC 9864 (the algorithm is called Ed25519).  The
algorithm is never taken from the token; keys are found by an id among known ones alone.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.keys import LONGEST, SLACK, KeyRing, Verifying
from svcctl.auth.library import jose_error, jwk, jwt
from svcctl.errors import Denied, UsageError

LONGEST_TEXT = 8_192
"""Bytes a token may have: what is longer is not even looked at."""

OWN_TYPE = "svcctl+jwt"
"""What the header of our own tokens says they are, so that no other kind is taken for one."""

_ALGORITHM = "Ed25519"
_EMBEDDED = frozenset(("jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"))
"""Headers that would say where the key is, or change how the token is read."""

_SHORTEST = 1.0  # seconds
_HINT = "get another: svcctl auth token issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token that was issued; *text* is told once and kept nowhere."""

    text: str = field(repr=False)
    id: str
    subject: str
    roles: tuple[str, ...]
    issued_at: float
    expires_at: float


def audience(ring: Verifying) -> str:
    """Name the host of *ring*, as issuer and as audience."""
    return f"svcctl:{ring.host}"


def issue(
    ring: KeyRing, subject: str, *, roles: Iterable[str], lifetime: float, now: float
) -> Issued:
    """Give a token for *subject*; *lifetime* in seconds.

    Raises UsageError for one that lives too long, NotAvailable without the extra ``auth``.
    """
    if not _SHORTEST <= lifetime <= LONGEST:
        raise UsageError(
            f"a token cannot live {lifetime:.0f}s",
            hint=f"at most {LONGEST / 3600:g}h; renew it",
        )
    key = ring.signing(now)
    name, listed = secrets.token_hex(16), tuple(dict.fromkeys(roles))
    claims = {
        "iss": audience(ring),
        "aud": audience(ring),
        "sub": subject,
        "jti": name,
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now + lifetime),
        "roles": list(listed),
    }
    header = {"alg": _ALGORITHM, "kid": key.id, "typ": OWN_TYPE}
    text = jwt().encode(
        header, claims, jwk().OKPKey.import_key(dict(key.private)), algorithms=[_ALGORITHM]
    )
    return Issued(
        text=text,
        id=name,
        subject=subject,
        roles=listed,
        issued_at=now,
        expires_at=float(int(now + lifetime)),
    )


def verify(text: str, ring: Verifying, *, way: Way, source: str, now: float) -> Identity:
    """Give who *text* vouches for; raises Denied, whatever is wrong with it.

    Whether it was revoked is not known here, see :mod:`svcctl.auth.revocation`.
    """
    claims = verified_claims(text, ring.verifying(now), algorithms=(_ALGORITHM,), typ=OWN_TYPE)
    check_times(claims, now=now, longest=LONGEST)
    wanted = audience(ring)
    if claims.get("iss") != wanted or claims.get("aud") != wanted:
        raise Denied("the token is for another host", hint=_HINT)
    subject, token_id, roles = claims.get("sub"), claims.get("jti"), claims.get("roles")
    if not isinstance(subject, str) or not isinstance(token_id, str) or not _are_texts(roles):
        raise Denied("the token is incomplete", hint=_HINT)
    assert isinstance(roles, list)
    return Identity(
        actor=f"token:{subject}",
        way=way,
        proof=Proof.TOKEN,
        source=source,
        roles=tuple(roles),
        expires_at=float(str(claims["exp"])),
        token_id=token_id,
    )


def header_of(text: str) -> dict[str, object]:
    """Read the header of a token, of which nothing is proven yet; raises Denied."""
    if len(text) > LONGEST_TEXT or not text.isascii() or text.count(".") != 2:
        raise Denied("this is not a token", hint=_HINT)
    part = text.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise Denied("this is not a token", hint=_HINT) from error
    if not isinstance(header, dict) or _EMBEDDED & header.keys():
        raise Denied("the token's header is not one of ours", hint=_HINT)
    return header


def verified_claims(
    text: str,
    keys: Mapping[str, Mapping[str, str]],
    *,
    algorithms: tuple[str, ...],
    typ: str | None = None,
) -> dict[str, object]:
    """Give the claims of a token that one of *keys* signed; raises Denied.

    *typ* is insisted on where it is given.
    """
    header = header_of(text)
    name, algorithm = header.get("kid"), header.get("alg")
    if algorithm not in algorithms:
        raise Denied(f"tokens are not signed with {algorithm!r:.40}", hint=_HINT)
    if typ is not None and header.get("typ") != typ:
        raise Denied("the token is of another kind", hint=_HINT)
    key = keys.get(name) if isinstance(name, str) else None
    if key is None or key.get("alg", algorithm) != algorithm:
        raise Denied("the token is signed with a key that is not known", hint=_HINT)
    try:
        token = jwt().decode(text, jwk().import_key(dict(key)), algorithms=list(algorithms))
    except (jose_error(), ValueError, TypeError, RecursionError) as error:
        raise Denied("the token's signature is wrong", hint=_HINT) from error
    claims: dict[str, object] = token.claims
    return claims


def check_times(claims: Mapping[str, object], *, now: float, longest: float) -> None:
    """Raise Denied unless *claims* hold at *now*, clocks differing by no more than ``SLACK``."""
    issued, begins, ends = (claims.get(name) for name in ("iat", "nbf", "exp"))
    if not _is_time(issued) or not _is_time(ends) or not (begins is None or _is_time(begins)):
        raise Denied("the token does not say when it holds", hint=_HINT)
    assert isinstance(issued, int | float)
    assert isinstance(ends, int | float)
    assert begins is None or isinstance(begins, int | float)
    ahead = max(issued, begins or 0) - now
    if ahead > SLACK:
        raise Denied(
            f"the token is of a time {ahead:.0f}s ahead",
            hint=f"set both clocks: they may differ by {SLACK:g}s",
        )
    if now - ends > SLACK:
        raise Denied(f"the token has expired {now - ends:.0f}s ago", hint=_HINT)
    if ends - issued > longest:
        raise Denied("the token lives too long", hint=_HINT)


def _is_time(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= float(str(value)) < 2**40


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
