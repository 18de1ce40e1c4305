"""An issuer that is trusted: its keys are found, and what it says is only data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from svcctl.auth.bearer import Bearer
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.keys import new_ring
from svcctl.auth.oidc import AGAIN, FRESH, STALE, Issuer, Trust, usable_keys
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import issue
from svcctl.errors import Denied, SystemFault
from svcctl.testing.fakes import FakeStore

NOW = 1_790_000_000.0
URL = "https://id.example.org/realm"
DISCOVERY = f"{URL}/.well-known/openid-configuration"
JWKS = f"{URL}/keys"
ISSUER = Issuer(name="corp", url=URL, audience="svcctl", roles={"ops": "operator"})


def ec(name: str) -> Any:
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})


class Server:
    """An issuer: what it would answer, and what it was asked."""

    def __init__(self, *keys: Any) -> None:
        self.keys = list(keys)
        self.now = NOW
        self.asked: list[str] = []
        self.is_down = False
        self.discovery: dict[str, object] = {"issuer": URL, "jwks_uri": JWKS}

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.is_down:
            raise SystemFault("nobody answers")
        if url == DISCOVERY:
            return json.dumps(self.discovery).encode()
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()

    def trust(self, issuer: Issuer = ISSUER) -> Trust:
        return Trust(issuer, fetch=self.fetch, now=lambda: self.now)

    def token(self, key: Any, *, alg: str = "ES256", name: str = "", **changed: Any) -> str:
        claims: Mapping[str, Any] = {
            "iss": URL,
            "aud": "svcctl",
            "sub": "mei",
            "jti": "j1",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "groups": ["staff", "ops"],
        } | changed
        header = {"alg": alg, "kid": name or key.kid}
        return jwt.encode(header, dict(claims), key, algorithms=[alg])


async def look(trust: Trust, text: str) -> Identity:
    return await trust.identity(text, way=Way.HTTP, source="192.0.2.7")


async def test_who_an_issuer_vouches_for_has_the_roles_of_their_groups() -> None:
    key = ec("k1")
    server = Server(key)

    found = await look(server.trust(), server.token(key))

    assert (found.actor, found.roles) == ("oidc:corp:mei", ("operator",))
    assert (found.proof, found.token_id) == (Proof.OIDC, "corp:j1")
    assert server.asked == [DISCOVERY, JWKS]


async def test_rsa_is_what_most_issuers_sign_with() -> None:
    key = RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"})
    server = Server(key)

    found = await look(server.trust(), server.token(key, alg="RS256"))

    assert found.actor == "oidc:corp:mei"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example.org"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": int(NOW) - 60},
        {"iat": int(NOW) + 600},
        {"exp": int(NOW) + 10**6},
    ],
)
async def test_claims_that_are_not_for_us_are_refused(changed: dict[str, Any]) -> None:
    key = ec("k1")
    server = Server(key)
    trust, text = server.trust(), server.token(key, **changed)

    with pytest.raises(Denied):
        await look(trust, text)


async def test_groups_give_no_role_unless_they_are_named() -> None:
    key = ec("k1")
    server = Server(key)

    for groups in (["admin"], "ops", None, [{"a": 1}]):
        found = await look(server.trust(), server.token(key, groups=groups))

        assert found.roles == ()


async def test_a_secret_both_would_know_is_refused() -> None:
    server = Server(ec("k1"))
    secret: Any = OctKey.import_key("x" * 64, {"kid": "k1"})

    trust, text = server.trust(), server.token(secret, alg="HS256", name="k1")

    with pytest.raises(Denied, match="not signed with 'HS256'"):
        await look(trust, text)


async def test_a_key_of_another_kind_than_the_algorithm_is_refused() -> None:
    key, rsa = ec("k1"), RSAKey.generate_key(2048, {"kid": "k1"})
    server = Server(key)
    trust, text = server.trust(), server.token(rsa, alg="RS256", name="k1")

    with pytest.raises(Denied):
        await look(trust, text)


async def test_keys_are_kept_for_a_while_and_then_looked_at_again() -> None:
    key = ec("k1")
    server = Server(key)
    trust = server.trust()

    for _ in range(3):
        await look(trust, server.token(key))
    assert len(server.asked) == 2
    server.now += FRESH + 1
    await look(trust, server.token(key))
    assert len(server.asked) == 4


async def test_a_new_key_is_found_at_once_and_unknown_ones_cost_no_flood() -> None:
    key, newer = ec("k1"), ec("k2")
    server = Server(key)
    trust = server.trust()
    await look(trust, server.token(key))
    server.keys.append(newer)
    server.now += AGAIN

    await look(trust, server.token(newer))
    for number in range(20):
        with pytest.raises(Denied):
            await look(trust, server.token(ec(f"x{number}")))

    assert len(server.asked) == 4


async def test_many_at_once_ask_the_issuer_once() -> None:
    key = ec("k1")
    server = Server(key)
    trust, text = server.trust(), server.token(key)

    await asyncio.gather(*(look(trust, text) for _ in range(20)))

    assert len(server.asked) == 2


async def test_an_issuer_that_is_down_costs_nothing_for_a_day() -> None:
    key = ec("k1")
    server = Server(key)
    trust = server.trust()
    await look(trust, server.token(key))
    server.is_down = True

    server.now += STALE - 10
    await look(trust, server.token(key))
    server.now += 60
    with pytest.raises(SystemFault):
        await look(trust, server.token(key))


async def test_an_issuer_that_never_answered_is_told_of() -> None:
    key = ec("k1")
    server = Server(key)
    server.is_down = True
    trust = server.trust()

    with pytest.raises(SystemFault, match="nobody answers"):
        await look(trust, server.token(key))
    with pytest.raises(SystemFault, match="cannot be had"):
        await look(trust, server.token(key))


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example.org", "jwks_uri": JWKS},
        {"issuer": URL},
        {"issuer": URL, "jwks_uri": 7},
    ],
)
async def test_an_issuer_is_the_one_that_is_trusted(discovery: dict[str, object]) -> None:
    key = ec("k1")
    server = Server(key)
    server.discovery = discovery
    trust = server.trust()

    with pytest.raises(SystemFault):
        await look(trust, server.token(key))


async def test_keys_are_not_read_over_a_way_anybody_can_change() -> None:
    key = ec("k1")
    server = Server(key)
    server.discovery = {"issuer": URL, "jwks_uri": "http://id.example.org/keys"}
    trust = server.trust()

    with pytest.raises(SystemFault, match="no safe address"):
        await look(trust, server.token(key))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"[" * 9000, b"\xff"])
async def test_answers_that_are_no_tables_are_told_of(content: bytes) -> None:
    trust = Trust(ISSUER, fetch=lambda _: content, now=lambda: NOW)
    key = ec("k1")

    with pytest.raises(SystemFault):
        await look(trust, Server(key).token(key))


def test_only_public_keys_for_signatures_are_used() -> None:
    good = ec("k1").as_dict(private=False)

    found = usable_keys(
        {
            "keys": [
                good,
                ec("k2").as_dict(private=True),
                {**good, "kid": "k3", "use": "enc"},
                {"kty": "oct", "kid": "k4", "k": "AA"},
                {**good, "kid": 5},
                "k6",
            ]
        }
    )

    assert set(found) == {"k1"}
    assert usable_keys({"keys": "x"}) == {}


# either kind


async def test_a_bearer_is_known_by_our_tokens_and_by_those_of_who_is_trusted() -> None:
    key, ring, revocations = ec("k1"), new_ring(NOW), Revocations(FakeStore())
    server = Server(key)
    bearer = Bearer(
        lambda: ring, revocations=revocations, trusts={URL: server.trust()}, now=lambda: server.now
    )

    async def actor(text: str) -> str:
        return (await bearer.identity(text, way=Way.GRPC, source="")).actor

    own = issue(ring, "ci", roles=(), lifetime=60, now=NOW)
    assert await actor(own.text) == "token:ci"
    assert await actor(server.token(key)) == "oidc:corp:mei"
    with pytest.raises(Denied, match="not trusted"):
        await actor(server.token(key, iss="https://evil.example.org"))
    with pytest.raises(Denied, match="not a token"):
        await actor("e30.e.e")
    revocations.revoke(own.id, until=None, now=NOW)
    with pytest.raises(Denied, match="was revoked"):
        await actor(own.text)


@pytest.mark.parametrize("who", ["a\nb", "\x1b[31mroot", "a" * 256, "\u202eann", 7, None, ""])
async def test_whoever_cannot_be_written_in_one_line_is_nobody(who: object) -> None:
    server = Server(ec("k1"))
    token = server.token(server.keys[0], sub=who)

    with pytest.raises(Denied):
        await server.trust().identity(token, way=Way.HTTP, source="")
