"""Who asks, as it is told from one process to another."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from svcctl.auth.identity import Identity, Proof, Way, parse
from svcctl.errors import UsageError

CI = Identity(
    actor="token:ci",
    way=Way.HTTP,
    proof=Proof.TOKEN,
    source="192.0.2.7",
    roles=("operator",),
    expires_at=1_800_000_000.0,
    token_id="17",
)


def test_an_identity_survives_being_told() -> None:
    assert parse(asdict(CI)) == CI
    assert parse(asdict(Identity(actor="ann", way=Way.GRPC, proof=Proof.CERTIFICATE))).roles == ()


@pytest.mark.parametrize(
    "change",
    [
        {"actor": ""},
        {"actor": 7},
        {"way": "telepathy"},
        {"proof": "none"},
        {"roles": "admin"},
        {"roles": [1]},
        {"expires_at": "never"},
        {"expires_at": True},
    ],
)
def test_what_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="not an identity"):
        parse(asdict(CI) | change)
