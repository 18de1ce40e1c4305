"""Tokens: what we issue is taken, and nothing else, whatever somebody makes up."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from svcctl.auth.bearer import Bearer
from svcctl.auth.doorkeeper import Doorkeeper, Shown
from svcctl.auth.identity import Identity, Way
from svcctl.auth.keys import LEAD, LONGEST, SLACK, KeyRing, dump, new_key, new_ring, parse
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import LONGEST_TEXT, audience, header_of, issue, verify
from svcctl.errors import Denied, StateFault, Unauthenticated, UsageError
from svcctl.testing.fakes import FakeClock

NOW = 1_790_000_000.0
RING = new_ring(NOW)
OTHER = new_ring(NOW)


def token(*, ring: KeyRing = RING, lifetime: float = 600.0, now: float = NOW) -> str:
    return issue(ring, "ci", roles=("operator",), lifetime=lifetime, now=now).text


def look(text: str, *, ring: KeyRing = RING, now: float = NOW) -> Identity:
    return verify(text, ring, way=Way.HTTP, source="192.0.2.7", now=now)


def forged(
    *, header: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None
) -> str:
    """Give a token of ours with another header or other claims, signed with our key."""
    key = RING.signing(NOW)
    said = {"alg": "Ed25519", "kid": key.id, "typ": "svcctl+jwt"} | dict(header or {})
    whole = {
        "iss": audience(RING),
        "aud": audience(RING),
        "sub": "ci",
        "jti": "1",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 60,
        "roles": [],
    } | dict(claims or {})
    left = {name: value for name, value in whole.items() if value is not ...}
    imported: Any = OKPKey.import_key(dict(key.private))
    signing_input = b".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (said, left)
    )
    signature = imported.private_key.sign(signing_input)
    return (signing_input + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_what_was_issued_says_who_and_until_when() -> None:
    found = look(token())

    assert (found.actor, found.roles) == ("token:ci", ("operator",))
    assert (found.way, found.source) == (Way.HTTP, "192.0.2.7")
    assert found.expires_at == NOW + 600
    assert len(found.token_id) == 32


def test_a_token_is_in_no_repr() -> None:
    issued = issue(RING, "ci", roles=(), lifetime=60, now=NOW)

    assert issued.text not in repr(issued)
    assert RING.keys[0].private["d"] not in repr(RING)


def test_no_two_tokens_have_the_same_id() -> None:
    assert look(token()).token_id != look(token()).token_id


@pytest.mark.parametrize("lifetime", [0.0, -1.0, LONGEST + 1, float("inf"), float("nan")])
def test_a_token_lives_no_longer_than_a_day(lifetime: float) -> None:
    with pytest.raises(UsageError, match="cannot live"):
        token(lifetime=lifetime)


def test_a_hand_made_token_of_ours_is_taken_so_that_those_below_are_refused_for_what_they_say() -> (
    None
):
    assert look(forged()).actor == "token:ci"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "HS256", "RS256", "EdDSA", "ES256", ""])
def test_another_algorithm_is_refused_though_the_signature_is_good(name: str) -> None:
    with pytest.raises(Denied, match="not signed with"):
        look(forged(header={"alg": name}))


@pytest.mark.parametrize("alg", [None, 7, ["Ed25519"], {"a": 1}])
def test_an_algorithm_that_is_no_text_is_refused(alg: object) -> None:
    with pytest.raises(Denied):
        look(forged(header={"alg": alg}))


def test_an_unsigned_token_is_refused() -> None:
    header, claims, _ = token().split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"svcctl+jwt"}').decode().rstrip("=")

    for text in (f"{unsigned}.{claims}.", f"{header}.{claims}."):
        with pytest.raises(Denied):
            look(text)


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    key = RING.signing(NOW)
    secret: Any = OctKey.import_key(key.public["x"] * 2)
    text = jwt.encode({"alg": "HS256", "kid": key.id, "typ": "svcctl+jwt"}, {"sub": "ci"}, secret)

    with pytest.raises(Denied, match="not signed with 'HS256'"):
        look(text)


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c", "x5t", "crit", "b64"])
def test_a_token_cannot_say_where_its_key_is(name: str) -> None:
    with pytest.raises(Denied, match="header"):
        look(forged(header={name: "https://evil.example/keys"}))


@pytest.mark.parametrize(
    "kid", [None, 7, "", "../../etc/passwd", "' OR 1=1 --", ["x"], {"a": 1}, "\x00"]
)
def test_a_key_is_one_that_is_known_by_its_id(kid: object) -> None:
    with pytest.raises(Denied, match="key that is not known"):
        look(forged(header={"kid": kid}))


def test_the_key_of_another_host_is_not_known_here() -> None:
    with pytest.raises(Denied, match="not known"):
        look(token(ring=OTHER))


def test_a_token_of_this_key_for_another_host_is_refused() -> None:
    for name in ("aud", "iss"):
        with pytest.raises(Denied, match="another host"):
            look(forged(claims={name: audience(OTHER)}))
    with pytest.raises(Denied, match="another host"):
        look(forged(claims={"aud": [audience(RING), audience(OTHER)]}))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "", None, 7])
def test_a_token_of_another_kind_is_refused(typ: object) -> None:
    with pytest.raises(Denied, match="another kind"):
        look(forged(header={"typ": typ}))


@pytest.mark.parametrize("name", ["iat", "exp", "sub", "jti", "roles", "aud", "iss"])
def test_a_token_says_all_it_must(name: str) -> None:
    with pytest.raises(Denied):
        look(forged(claims={name: ...}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"exp": -1},
        {"iat": None},
        {"nbf": "now"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"roles": "admin"},
        {"roles": [1]},
        {"sub": 7},
        {"sub": ["ci"]},
        {"jti": 7},
    ],
)
def test_claims_of_a_wrong_type_are_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Denied):
        look(forged(claims=claims))


def test_a_token_holds_until_it_expires_and_clocks_may_differ_a_little() -> None:
    text = token(lifetime=600)

    assert look(text, now=NOW + 600 + SLACK - 1).actor == "token:ci"
    assert look(text, now=NOW - SLACK + 1).actor == "token:ci"
    with pytest.raises(Denied, match="expired 31s ago"):
        look(text, now=NOW + 600 + SLACK + 1)
    with pytest.raises(Denied, match="31s ahead") as caught:
        look(text, now=NOW - SLACK - 1)
    assert "clocks" in caught.value.hint


def test_a_token_that_would_live_too_long_is_refused_though_we_signed_it() -> None:
    with pytest.raises(Denied, match="too long"):
        look(forged(claims={"exp": NOW + LONGEST + 1}))


def test_what_is_too_long_is_not_even_read() -> None:
    with pytest.raises(Denied, match="not a token"):
        look("a." + "b" * LONGEST_TEXT + ".c")


@given(st.text(max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(Denied):
        look(text)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_three_parts_are_no_token_by_chance(one: bytes, two: bytes, three: bytes) -> None:
    parts = (base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in (one, two, three))

    with pytest.raises(Denied):
        look(".".join(parts))


def _changed() -> Iterator[str]:
    text = token()
    for place in range(0, len(text), 7):
        if text[place] != ".":
            yield text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def test_a_changed_character_is_noticed() -> None:
    *changed, _ = _changed()  # the last holds bits that mean nothing

    for text in changed:
        with pytest.raises(Denied):
            look(text)


@pytest.mark.parametrize(
    "content", [b"{" * 3000, b"[" * 3000, b'{"a":' * 900, b"7", b"null", b'"x"']
)
def test_a_header_that_is_no_table_is_refused(content: bytes) -> None:
    part = base64.urlsafe_b64encode(content).decode()

    with pytest.raises(Denied):
        header_of(f"{part}.a.b")


# keys


def test_the_next_key_is_known_before_it_signs_and_the_old_one_until_its_tokens_expire() -> None:
    old = token()
    ring = RING.rotated(NOW)
    first, second = ring.keys

    assert ring.signing(NOW + LEAD - 1) == first
    assert ring.signing(NOW + LEAD) == second
    assert len(ring.jwks(NOW)["keys"]) == 2
    assert look(old, ring=ring, now=NOW + 500).actor == "token:ci"
    last = issue(ring, "ci", roles=(), lifetime=LONGEST, now=NOW + LEAD - 1).text
    assert look(last, ring=ring, now=NOW + LEAD + LONGEST - 10).actor == "token:ci"
    assert set(ring.verifying(NOW + LEAD + LONGEST + SLACK)) == {second.id}


def test_a_key_is_gone_from_the_ring_some_time_after_it_retired() -> None:
    ring = RING.rotated(NOW)

    later = ring.rotated(NOW + 10 * LONGEST)

    assert [each.id for each in later.keys][:1] == [ring.keys[1].id]
    assert len(later.keys) == 2


def test_what_is_published_verifies_and_does_not_sign() -> None:
    assert all("d" not in key for key in RING.rotated(NOW).jwks(NOW)["keys"])


def test_a_ring_is_read_back_equal() -> None:
    ring = RING.rotated(NOW)

    assert parse(dump(ring)) == ring


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"version":1,"host":"a","keys":[]}', b"[" * 9000]
)
def test_keys_that_cannot_be_read_are_told_of(content: bytes) -> None:
    with pytest.raises(StateFault, match="unreadable") as caught:
        parse(content)

    assert caught.value.hint


def test_keys_of_a_later_version_are_left_alone() -> None:
    with pytest.raises(StateFault, match="version 2"):
        parse(b'{"version":2}')


async def test_a_token_that_is_known_is_denied_once_its_key_is_trusted_no_more() -> None:
    clock, revocations = FakeClock(), Revocations(None)
    rings = [new_ring(clock.now())]
    bearer = Bearer(lambda: rings[-1], revocations=revocations, trusts={}, now=clock.now)
    keeper = Doorkeeper(tokens=bearer, revocations=revocations, clock=clock)
    text = issue(rings[0], "ann", roles=["viewer"], lifetime=600, now=clock.now()).text
    known = await keeper.identify(Shown(bearer=text), way=Way.HTTP, source="192.0.2.7")

    rings.append(replace(rings[0], keys=(new_key(clock.now()),)))
    keeper.reconsider(lambda _: True)

    assert known.actor == "token:ann"
    with pytest.raises(Unauthenticated, match="key that is not known"):
        await keeper.identify(Shown(bearer=text), way=Way.HTTP, source="192.0.2.7")
