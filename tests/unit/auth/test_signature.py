"""Signed requests: the vectors of RFC 9421, and whatever somebody does to one on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from svcctl.auth import nonces as nonces_module
from svcctl.auth.identity import Identity, Way
from svcctl.auth.keys import SLACK
from svcctl.auth.library import http_signatures
from svcctl.auth.nonces import SqliteNonces
from svcctl.auth.signature import (
    HOLDS,
    LONGEST,
    TAG,
    Message,
    SignerKey,
    insist_on_content,
    proven,
    sign,
    verify,
)
from svcctl.errors import Denied, LimitReached, StateFault

NOW = 1_790_000_000.0
PRIVATE = bytes(range(32))


def public_of(private: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(private).public_key()
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


KEYS = {
    "ci": SignerKey(actor="key:ci", public=public_of(PRIVATE), roles=("operator",)),
    "other": SignerKey(actor="key:other", public=public_of(b"o" * 32)),
}


class Memory:
    """Nonces that are forgotten with the test."""

    def __init__(self) -> None:
        self.taken: set[tuple[str, str]] = set()

    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        assert until > now
        is_new = (key_id, nonce) not in self.taken
        self.taken.add((key_id, nonce))
        return is_new


def request(**changed: object) -> Message:
    plain = Message(
        method="POST",
        url="https://web-1.example.org/v1/services/web/restart?wait=5s",
        headers={"Content-Type": "application/json"},
        body=b'{"reason":"new disks"}',
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def signed(
    message: Message | None = None,
    *,
    now: float = NOW,
    holds: float = HOLDS,
    key_id: str = "ci",
    private: bytes = PRIVATE,
) -> Message:
    message = message or request()
    more = sign(message, key_id=key_id, private=private, now=now, holds=holds)
    return replace(message, headers=message.headers | more)


def look(message: Message, *, now: float = NOW, memory: Memory | None = None) -> Identity:
    kept = memory or Memory()
    return verify(message, KEYS, nonces=kept, way=Way.HTTP, source="192.0.2.7", now=now)


# RFC 9421, appendix B

RFC_KEY = bytes.fromhex("26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb")
RFC_REQUEST = Message(
    method="POST",
    url="https://example.com/foo?param=Value&Pet=dog",
    headers={
        "Host": "example.com",
        "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "Content-Type": "application/json",
        "Content-Digest": "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm"
        "+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        "Content-Length": "18",
        "Signature-Input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" '
        '"content-length");created=1618884473;keyid="test-key-ed25519"',
        "Signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu"
        "4A0w6vuQv5lIp5WPpBKRCw==:",
    },
)


def rfc_proven(message: Message) -> dict[str, object]:
    return proven(
        message, {"test-key-ed25519": RFC_KEY}, require=(), check_times=lambda _: None, tag=None
    )


def test_the_vector_of_the_rfc_holds() -> None:
    no_digest = {k: v for k, v in RFC_REQUEST.headers.items() if k != "Content-Digest"}

    found = rfc_proven(replace(RFC_REQUEST, headers=no_digest))

    assert found["created"] == 1618884473
    assert found["keyid"] == "test-key-ed25519"


@pytest.mark.parametrize(
    ("name", "value"), [("Date", "Tue, 20 Apr 2021 02:07:56 GMT"), ("Content-Length", "19")]
)
def test_the_vector_of_the_rfc_holds_for_nothing_else(name: str, value: str) -> None:
    no_digest = {k: v for k, v in RFC_REQUEST.headers.items() if k != "Content-Digest"}

    with pytest.raises(Denied):
        rfc_proven(replace(RFC_REQUEST, headers=no_digest | {name: value}))


def test_content_whose_digest_is_not_signed_is_refused() -> None:
    with pytest.raises(Denied):
        rfc_proven(replace(RFC_REQUEST, body=b'{"hello": "world"}'))


# ours


def test_a_head_says_who_made_it_before_the_body_is_there() -> None:
    whole = signed()
    head = replace(whole, body=None)

    assert look(head).actor == "key:ci"
    insist_on_content(head, whole.body or b"")
    for other in (b"", b'{"reason":"new disk!"}'):
        with pytest.raises(Denied, match="content was not signed"):
            insist_on_content(head, other)


def test_a_head_that_does_not_cover_what_is_to_come_is_refused() -> None:
    head = request(body=None, headers={"content-digest": signed().headers["Content-Digest"]})
    library = http_signatures()
    signer = library.HTTPMessageSigner(
        signature_algorithm=library.algorithms.ED25519,
        key_resolver=library.MappingKeyResolver(
            public_keys={}, private_keys={"ci": Ed25519PrivateKey.from_private_bytes(PRIVATE)}
        ),
    )
    signer.sign(
        head,
        key_id="ci",
        created=datetime.fromtimestamp(NOW, UTC),
        expires=datetime.fromtimestamp(NOW + HOLDS, UTC),
        nonce="n" * 32,
        tag=TAG,
        covered_component_ids=("@method", "@target-uri"),
        use_existing_digest=True,
    )

    with pytest.raises(Denied, match="content-digest"):
        look(head)


def test_a_signed_request_says_who_made_it() -> None:
    found = look(signed())

    assert (found.actor, found.roles) == ("key:ci", ("operator",))
    assert found.token_id == "key:ci"


@pytest.mark.parametrize("body", [b"", b"x", b"\xff" * 100_000])
def test_whatever_it_carries_is_signed(body: bytes) -> None:
    assert look(signed(request(body=body))).actor == "key:ci"


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"url": "https://web-1.example.org/v1/services/db/restart?wait=5s"},
        {"url": "https://web-1.example.org/v1/services/web/restart"},
        {"url": "https://web-2.example.org/v1/services/web/restart?wait=5s"},
        {"url": "http://web-1.example.org/v1/services/web/restart?wait=5s"},
        {"body": b'{"reason":"old disks"}'},
        {"body": b""},
    ],
)
def test_a_request_that_was_changed_on_its_way_is_refused(changed: dict[str, object]) -> None:
    message = replace(signed(), **changed)  # type: ignore[arg-type]

    with pytest.raises(Denied):
        look(message)


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest"])
def test_a_header_that_is_missing_or_odd_is_refused(name: str) -> None:
    message = signed()
    less = {key: value for key, value in message.headers.items() if key != name}

    for headers in (less, message.headers | {name: "x"}, message.headers | {name: "("}):
        with pytest.raises(Denied):
            look(replace(message, headers=headers))
    with pytest.raises(Denied, match="too long"):
        look(replace(message, headers=message.headers | {name: "x" * 5000}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('keyid="ci"', 'keyid="other"'),
        ('keyid="ci"', 'keyid="nobody"'),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ('tag="svcctl"', 'tag="another"'),
        ("created=1790000000", "created=1790000001"),
        ("expires=1790000060", "expires=1790000070"),
        ('"@method" ', ""),
        (' "content-digest"', ""),
        (";nonce=", ";nonse="),
    ],
)
def test_what_a_signature_says_of_itself_is_signed_too(old: str, new: str) -> None:
    message = signed()
    said = message.headers["Signature-Input"]
    assert old in said

    with pytest.raises(Denied):
        look(
            replace(message, headers=message.headers | {"Signature-Input": said.replace(old, new)})
        )


def test_a_key_signs_for_its_own_actor_alone() -> None:
    with pytest.raises(Denied):
        look(signed(key_id="other"))


def test_the_same_request_twice_is_once() -> None:
    message, memory = signed(), Memory()

    look(message, memory=memory)

    with pytest.raises(Denied, match="made before"):
        look(message, memory=memory)
    assert look(signed(), memory=memory).actor == "key:ci"


def test_what_is_refused_takes_no_nonce() -> None:
    memory = Memory()

    with pytest.raises(Denied):
        look(replace(signed(), method="GET"), memory=memory)

    assert memory.taken == set()


def test_a_signature_holds_for_a_while_and_clocks_may_differ_a_little() -> None:
    message = signed()

    assert look(message, now=NOW + HOLDS + SLACK - 1).actor == "key:ci"
    assert look(message, now=NOW - SLACK + 1).actor == "key:ci"
    with pytest.raises(Denied, match="expired 31s ago"):
        look(message, now=NOW + HOLDS + SLACK + 1)
    with pytest.raises(Denied, match="31s ahead") as caught:
        look(message, now=NOW - SLACK - 1)
    assert "clocks" in caught.value.hint
    with pytest.raises(Denied, match="300s at most"):
        look(signed(holds=LONGEST + 1))


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_headers_are_a_signature_by_chance(one: str, other: str) -> None:
    message = request(headers={"Signature": one, "Signature-Input": other})

    with pytest.raises(Denied):
        look(message)


# nonces


@pytest.fixture
def nonces(tmp_path: Path) -> Iterator[SqliteNonces]:
    """Nonces on a disk."""
    with SqliteNonces(str(tmp_path / "nonces.db")) as opened:
        yield opened


def test_a_nonce_is_taken_once_by_each_key(nonces: SqliteNonces) -> None:
    assert nonces.take("ci", "a", until=NOW + 60, now=NOW)
    assert not nonces.take("ci", "a", until=NOW + 60, now=NOW)
    assert nonces.take("other", "a", until=NOW + 60, now=NOW)


def test_a_replay_is_refused_after_a_restart(tmp_path: Path) -> None:
    path, message = str(tmp_path / "nonces.db"), signed()

    def once() -> Identity:
        with SqliteNonces(path) as opened:
            return verify(message, KEYS, nonces=opened, way=Way.HTTP, source="", now=NOW)

    once()

    with pytest.raises(Denied, match="made before"):
        once()


def test_what_can_no_longer_be_replayed_is_forgotten(
    nonces: SqliteNonces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nonces_module, "_PURGE_EVERY", 1)
    nonces.take("ci", "a", until=NOW + 60, now=NOW)

    assert nonces.take("ci", "b", until=NOW + 600, now=NOW + 61)
    assert nonces.take("ci", "a", until=NOW + 600, now=NOW + 61)


def test_what_cannot_be_remembered_is_not_let_through(
    nonces: SqliteNonces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nonces_module, "_PURGE_EVERY", 1)
    monkeypatch.setattr(nonces_module, "_MOST", 1)
    nonces.take("ci", "a", until=NOW + 60, now=NOW)

    with pytest.raises(LimitReached):
        nonces.take("ci", "b", until=NOW + 60, now=NOW)
    with pytest.raises(StateFault, match="cannot be kept") as caught:
        SqliteNonces(str(tmp_path))
    assert caught.value.hint
    nonces._db.execute("DROP TABLE nonce")
    with pytest.raises(StateFault):
        nonces.take("ci", "c", until=NOW + 60, now=NOW)
