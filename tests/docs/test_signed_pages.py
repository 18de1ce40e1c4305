"""What the pages on signing show works as they show it."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.app.signed_statement import LONGEST, MAY_BE_SIGNED
from svcctl.app.verbs import VERBS
from svcctl.auth.envelope import SPEC
from svcctl.auth.identity import Way
from svcctl.auth.signature import Message, SignerKey, verify
from svcctl.auth.signing_keys import new_key, private_of, public_text
from svcctl.spec.load import load_files


def blocks(root: Path, page: str, language: str) -> list[str]:
    text = (root / "docs" / "howto" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@dataclass
class Request:
    """A request as any library has one."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Memory:
    """Takes every nonce."""

    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        return bool(key_id and nonce) and until > now


def test_the_example_in_python_signs_what_a_server_takes(root: Path) -> None:
    (example,) = blocks(root, "access.md", "python")
    key, names = new_key(), dict[str, object]()
    exec(example, names)
    sign = names["sign"]
    assert callable(sign)
    request = Request("POST", "https://web-1.example.org/v1/services/web/stop", b"{}")

    sign(request, key=key)

    public = b64decode(public_text(private_of(key)))
    found = verify(
        Message(method="POST", url=request.url, headers=request.headers, body=b"{}"),
        {"release": SignerKey(actor="key:release", public=public)},
        nonces=Memory(),
        way=Way.HTTP,
        source="",
        now=time.time(),
    )
    assert found.actor == "key:release"


def test_the_definition_of_signed_specs_is_a_good_one(root: Path, tmp_path: Path) -> None:
    (example,) = blocks(root, "signed-specs.md", "toml")
    file = tmp_path / "svcctl.toml"
    file.write_text(example, encoding="utf-8")

    access = load_files([file], environ={}, verbs={verb.name for verb in VERBS}).common.access

    assert (access.signed_specs, access.host, set(access.spec_keys)) == (True, "web-1", {"release"})


def test_what_the_page_says_is_so(root: Path) -> None:
    text = (root / "docs" / "howto" / "signed-specs.md").read_text(encoding="utf-8")

    assert f"`{SPEC}`" in text
    assert f"{LONGEST / 86_400:g} days" in text
    assert "access" not in MAY_BE_SIGNED
