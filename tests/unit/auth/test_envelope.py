"""Envelopes and keys: the protocol's own example, and whatever somebody does to one."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.auth.envelope import SPEC, _covered, contents, opened, seal
from svcctl.auth.signing_keys import new_key, private_of, public_text
from svcctl.bootstrap.signing import make_key, own_key, read_key
from svcctl.errors import Conflict, Denied, SystemFault, UsageError

PRIVATE = bytes(range(32))
KEYS = {"release": b64decode(public_text(PRIVATE)), "other": b64decode(public_text(b"o" * 32))}


def sealed(payload: bytes = b'{"a":1}', **changed: Any) -> dict[str, Any]:
    return {**seal(payload, kind=SPEC, key_id="release", private=PRIVATE), **changed}


def test_what_is_covered_is_what_the_protocol_says() -> None:
    kind, payload = "http://example.com/HelloWorld", b"hello world"

    assert _covered(kind, payload) == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_what_was_sealed_is_given_back_with_the_key_that_did() -> None:
    assert opened(sealed(), KEYS, kind=SPEC) == ("release", b'{"a":1}')
    assert contents(sealed(), kind=SPEC) == b'{"a":1}'


@given(st.binary(max_size=200))
def test_any_bytes_come_back_after_json(payload: bytes) -> None:
    envelope = json.loads(json.dumps(sealed(payload)))

    assert opened(envelope, KEYS, kind=SPEC) == ("release", payload)


@given(st.data())
def test_one_bit_of_what_is_carried_or_of_the_signature_is_enough(data: st.DataObject) -> None:
    envelope = sealed(b"some definitions")
    signature = envelope["signatures"][0]["sig"]
    part = data.draw(st.sampled_from(("payload", "sig")))
    raw = bytearray(b64decode(envelope["payload"] if part == "payload" else signature))
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[at // 8] ^= 1 << at % 8
    changed = b64encode(bytes(raw)).decode()
    if part == "payload":
        envelope["payload"] = changed
    else:
        envelope["signatures"] = [{"keyid": "release", "sig": changed}]

    with pytest.raises(Denied, match="wrong"):
        opened(envelope, KEYS, kind=SPEC)


@pytest.mark.parametrize(
    "key_id", ["other", "", "Release", "../release", "nobody"], ids=lambda each: each or "none"
)
def test_a_signature_counts_for_the_key_it_names_alone(key_id: str) -> None:
    envelope = sealed()
    envelope["signatures"][0]["keyid"] = key_id

    with pytest.raises(Denied):
        opened(envelope, KEYS, kind=SPEC)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: None,
        lambda each: [each],
        lambda each: {**each, "payloadType": "application/json"},
        lambda each: {**each, "payload": 7},
        lambda each: {**each, "payload": "not base64!"},
        lambda each: {**each, "payload": each["payload"] + "\n"},
        lambda each: {**each, "signatures": []},
        lambda each: {**each, "signatures": each["signatures"] * 2},
        lambda each: {**each, "signatures": [{"keyid": "release"}]},
        lambda each: {**each, "signatures": [{"keyid": ["release"], "sig": ""}]},
    ],
)
def test_what_is_no_envelope_is_refused(spoil: Callable[[Any], object]) -> None:
    with pytest.raises(UsageError, match=r"signed|base64"):
        opened(spoil(sealed()), KEYS, kind=SPEC)


def test_what_was_signed_for_another_purpose_is_not_taken_for_ours() -> None:
    other = seal(b'{"a":1}', kind="application/json", key_id="release", private=PRIVATE)

    with pytest.raises(Denied, match="wrong"):
        opened({**other, "payloadType": SPEC}, KEYS, kind=SPEC)


# keys


@pytest.mark.parametrize("text", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAA==\n", None])
def test_only_a_key_of_ed25519_signs(text: bytes | None) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    with pytest.raises(UsageError, match="no private key"):
        private_of(other if text is None else text)


def test_each_key_is_new_and_is_read_as_it_was_made() -> None:
    one, two = private_of(new_key()), private_of(new_key())

    assert one != two
    assert len(b64decode(public_text(one))) == 32


def test_a_key_is_kept_for_its_owner_and_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    made = make_key("release.key")

    assert read_key("release.key") == made
    with pytest.raises(Conflict, match="already"):
        make_key("release.key")
    with pytest.raises(UsageError, match="cannot read"):
        read_key("nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemFault, match="cannot write"):
        make_key("file/release.key")


def test_a_key_of_its_own_is_made_once(tmp_path: Path) -> None:
    path = str(tmp_path / "host.key")

    made = own_key(path)

    assert own_key(path) == made == read_key(path)


@pytest.mark.posix
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    make_key(str(path))
    path.chmod(0o640)

    with pytest.raises(UsageError, match="read by others"):
        read_key(str(path))
