"""Trusts the tokens of an OpenID Connect issuer: its keys found, kept a while, and found anew.

After OpenID Connect Discovery 1.0.  What an issuer says is data: its name must be the one that is
trusted, its addresses are as safe as its own, its answers are bounded, and an unknown key is asked
for no more often than every ``AGAIN`` seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.tokens import check_times, header_of, verified_claims
from svcctl.errors import Denied, SpecError, SvcctlError, SystemFault
from svcctl.spec.access_rules import check_address

Fetch = Callable[[str], bytes]
"""Gets what is at an address, blocking; raises SystemFault where that fails or takes too long."""

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519")
"""What issuers sign with: never a secret that both would know."""

FRESH = 300.0
"""Seconds keys are taken for current."""

STALE = 86_400.0
"""Seconds keys are used at most while the issuer does not answer."""

AGAIN = 30.0
"""Seconds between two looks for a key that is not known."""

_LONGEST = 86_400.0  # seconds a token of theirs may live
_MOST_KEYS = 100
_LONGEST_NAME = 255  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One that is trusted, called *name* here.

    *url* is exactly what its tokens say as ``iss``, *audience* what they must name.  *claim* has
    who they are for; *groups* is the claim with groups, of which *roles* gives the roles here.
    """

    name: str
    url: str
    audience: str
    claim: str = "sub"
    groups: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)


class Trust:
    """The tokens of *issuer*, by keys that *fetch* gets; *now* gives the seconds since 1970."""

    def __init__(self, issuer: Issuer, *, fetch: Fetch, now: Callable[[], float]) -> None:
        _insist_on_safe(issuer.url)
        self._issuer, self._fetch, self._now = issuer, fetch, now
        self._keys: dict[str, Mapping[str, str]] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """Give who *text* vouches for; raises Denied, SystemFault where no keys can be had."""
        name = header_of(text).get("kid")
        await self._have_keys(name if isinstance(name, str) else "")
        claims = verified_claims(text, self._keys, algorithms=ALGORITHMS)
        check_times(claims, now=self._now(), longest=_LONGEST)
        return identity_of(self._issuer, claims, way=way, source=source)

    async def _have_keys(self, name: str) -> None:
        async with self._fetching:
            now = self._now()
            age = now - self._fetched_at
            is_due = age > FRESH or name not in self._keys
            if is_due and now - self._tried_at >= AGAIN:
                self._tried_at = now
                await self._refresh(may_be_stale=age < STALE)
            if now - self._fetched_at > STALE:
                raise SystemFault(
                    f"the keys of issuer '{self._issuer.name}' cannot be had",
                    hint=f"does it answer? see: {_discovery(self._issuer.url)}",
                )

    async def _refresh(self, *, may_be_stale: bool) -> None:
        try:
            self._keys = await asyncio.to_thread(self._read)
            self._fetched_at = self._tried_at
        except SvcctlError:
            if not may_be_stale:
                raise

    def _read(self) -> dict[str, Mapping[str, str]]:
        found = _document(self._fetch(_discovery(self._issuer.url)))
        if found.get("issuer") != self._issuer.url:
            raise SystemFault(f"issuer '{self._issuer.name}' calls itself {found.get('issuer')!r}")
        address = found.get("jwks_uri")
        if not isinstance(address, str):
            raise SystemFault(f"issuer '{self._issuer.name}' does not say where its keys are")
        _insist_on_safe(address)
        return usable_keys(_document(self._fetch(address)))


def usable_keys(document: Mapping[str, object]) -> dict[str, Mapping[str, str]]:
    """Give the public keys of a key set by their ids; what is none of ours is passed over."""
    listed = document.get("keys")
    found: dict[str, Mapping[str, str]] = {}
    for each in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        name, kind = each.get("kid"), each.get("kty")
        if isinstance(name, str) and kind in {"RSA", "EC", "OKP"} and "d" not in each:
            found[name] = {key: value for key, value in each.items() if isinstance(value, str)}
    return found


def identity_of(issuer: Issuer, claims: Mapping[str, object], *, way: Way, source: str) -> Identity:
    """Give who proven *claims* are of; raises Denied where they are not for us."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer.url or issuer.audience not in named:
        raise Denied("the token is for somebody else", hint=f"ask for audience {issuer.audience}")
    who = claims.get(issuer.claim)
    if not isinstance(who, str) or not who:
        raise Denied(f"the token does not say {issuer.claim!r}")
    if len(who) > _LONGEST_NAME or not who.isprintable():  # it is written into logs
        raise Denied(f"the token's {issuer.claim!r} cannot name anybody")
    groups = claims.get(issuer.groups)
    roles = [
        issuer.roles[each]
        for each in (groups if isinstance(groups, list) else ())
        if isinstance(each, str) and each in issuer.roles
    ]
    token_id = claims.get("jti")
    return Identity(
        actor=f"oidc:{issuer.name}:{who}",
        way=way,
        proof=Proof.OIDC,
        source=source,
        roles=tuple(dict.fromkeys(roles)),
        expires_at=float(str(claims["exp"])),
        token_id=f"{issuer.name}:{token_id}" if isinstance(token_id, str) else "",
    )


def _insist_on_safe(url: str) -> None:
    try:
        check_address(url)
    except SpecError as error:
        raise SystemFault(f"{url!r:.200} is no safe address of keys", hint=error.hint) from error


def _discovery(url: str) -> str:
    return f"{url.rstrip('/')}/.well-known/openid-configuration"


def _document(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SystemFault("an issuer of tokens answers with what is no JSON") from error
    if not isinstance(found, dict):
        raise SystemFault("an issuer of tokens answers with what is no table")
    return found
