"""What a front was told is read whole or not at all, and who is still vouched for is known."""

from __future__ import annotations

import pytest

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.keys import PublicRing
from svcctl.auth.oidc import Issuer
from svcctl.auth.signature import SignerKey
from svcctl.errors import StateFault
from svcctl.server.trusted import Trusted, parse_trusted, vouching

CORP = Issuer(name="corp", url="https://id.example.org", audience="svcctl")
CI = SignerKey(actor="key:ci", public=b"x" * 32)
BEFORE = Trusted(ring=PublicRing(host="a1"), issuers=(CORP,), signers={"ci": CI})


def _of(proof: Proof, actor: str) -> Identity:
    return Identity(actor=actor, way=Way.HTTP, proof=proof)


ALL = (
    _of(Proof.TOKEN, "token:me"),
    _of(Proof.OIDC, "oidc:corp:ann"),
    _of(Proof.SIGNATURE, "key:ci"),
    _of(Proof.CERTIFICATE, "spiffe://example.org/ci"),
)


def test_where_nothing_changed_everybody_is_still_vouched_for() -> None:
    assert all(map(vouching(BEFORE, BEFORE), ALL))


def test_whoever_is_trusted_no_more_vouches_for_nobody() -> None:
    now = Trusted(ring=PublicRing(host="b2"))

    assert list(map(vouching(BEFORE, now), ALL)) == [False, False, False, True]


def test_where_nothing_was_told_before_it_is_enough_to_be_known_now() -> None:
    assert all(map(vouching(None, BEFORE), ALL))
    unknown = vouching(None, Trusted(ring=PublicRing(host="a1")))
    assert list(map(unknown, ALL)) == [True, False, False, True]


def test_an_issuer_or_a_signer_that_is_said_otherwise_vouches_anew() -> None:
    changed = Issuer(name="corp", url="https://id.example.org", audience="other")
    now = Trusted(
        ring=PublicRing(host="a1"),
        issuers=(changed,),
        signers={"ci": SignerKey(actor="key:ci", public=b"y" * 32)},
    )

    assert list(map(vouching(BEFORE, now), ALL)) == [True, False, False, True]


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"tokens": {}, "revoked": {}, "issuers": [], "signers": {}, "certificates": {}},
        {"tokens": {"host": "", "keys": []}, "revoked": {"a": "b"}, "issuers": []},
    ],
)
def test_what_is_no_telling_of_trust_is_refused(told: object) -> None:
    with pytest.raises(StateFault, match="unreadable"):
        parse_trusted(told)
