"""``svcctl auth sign``: what it prints is what a server takes."""

from __future__ import annotations

import time
from base64 import b64decode
from pathlib import Path

import pytest

from svcctl.auth.identity import Way
from svcctl.auth.signature import Message, SignerKey, verify
from svcctl.cli.main import main

URL = "https://web-1.example.org:7411/v1/services/web/restart?wait=5s"
Captured = pytest.CaptureFixture[str]


class Memory:
    """Takes every nonce."""

    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        return bool(key_id and nonce) and until > now


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> bytes:
    """Make a key in a folder to be in; give its public half."""
    monkeypatch.chdir(tmp_path)
    assert main(["spec", "keygen", "ci.key"]) == 0
    (tmp_path / "body.json").write_bytes(b'{"reason": "new disks"}')
    return b64decode(capsys.readouterr().out)


SIGN = ("auth", "sign", "post", URL, "--key", "ci.key", "--as", "ci")


def test_what_is_printed_signs_the_request(public: bytes, capsys: Captured) -> None:
    assert main([*SIGN, "--body", "body.json", "-H", "Idempotency-Key: k1"]) == 0

    lines = capsys.readouterr().out.splitlines()
    headers = {name: value for name, _, value in (each.partition(": ") for each in lines)}
    assert headers["Idempotency-Key"] == "k1"
    found = verify(
        Message(method="POST", url=URL, headers=headers, body=b'{"reason": "new disks"}'),
        {"ci": SignerKey(actor="key:ci", public=public)},
        nonces=Memory(),
        way=Way.HTTP,
        source="",
        now=time.time(),
    )
    assert found.actor == "key:ci"


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--body", "nowhere"), "cannot read"),
        (("-H", "nothing"), "is no header"),
        (("-H", "a: b\nc: d"), "is no header"),
        (("--for", "10m"), "holds 300s at most"),
    ],
)
def test_what_cannot_be_signed_is_said(
    more: tuple[str, ...], problem: str, capsys: Captured
) -> None:
    assert main([*SIGN, *more]) != 0

    assert problem in capsys.readouterr().err


@pytest.mark.usefixtures("public")
def test_a_url_that_is_none_is_said(capsys: Captured) -> None:
    assert main(["auth", "sign", "GET", "no url", "--key", "ci.key", "--as", "ci"]) != 0

    assert "cannot be signed" in capsys.readouterr().err
