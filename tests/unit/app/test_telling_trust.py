"""Who serves others is told what shows who somebody is: all of it, at once, and no secret."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, cast

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import check
from svcctl.app.telling_trust import TellingTrust
from svcctl.app.tokens import KeyFile, Tokens
from svcctl.app.verbs import find
from svcctl.app.waiting import Nobody
from svcctl.auth.authority import Authority, published
from svcctl.auth.bearer import Bearer
from svcctl.auth.identity import Way
from svcctl.auth.keys import dump, new_ring, parse, parse_public
from svcctl.auth.revocation import Revocations
from svcctl.auth.tokens import issue
from svcctl.errors import StateFault
from svcctl.server.trusted import parse_trusted
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Selection


def _lacks_its_library() -> bool:
    try:
        import cryptography.hazmat.bindings._rust  # noqa: F401
    except ImportError:
        return os.name == "nt"
    return False


pytestmark = pytest.mark.skipif(
    _lacks_its_library(), reason="Wine cannot load the library of cryptography"
)
ACCESS = {
    "fronts": ["uid:998"],
    "issuers": {"corp": {"url": "https://id.example.org", "roles": {"ops": "operator"}}},
    "signers": {"ci": {"key": "A" * 43 + "=", "roles": ["deployer"]}},
}


class Told:
    """Keeps what is told, and says when there is more."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, item: object) -> None:
        self.items.put_nowait(json.loads(json.dumps(item)))

    async def room(self) -> None:
        """Always."""


class Machine:
    """A host with tokens and rules of its own."""

    def __init__(self) -> None:
        self.clock, self.file = FakeClock(), cast("bytes | None", None)
        store = FakeStore()
        self.access = Access(store=store, specs=dict, owners={"uid:0"})
        keys = KeyFile(read=lambda: self.file, write=self._write)
        self.tokens = Tokens(store=store, keys=keys, roles=self.access.role_names, clock=self.clock)
        self.certificates: dict[str, object] = {}
        self.telling = TellingTrust(
            self.tokens, self.access, certificates=lambda: self.certificates
        )

    def _write(self, content: bytes) -> None:
        self.file = content

    async def ask(self, verb_name: str, **args: object) -> Any:
        verb = find(verb_name)
        assert verb is not None
        return await self.tokens.deeds()[verb_name](Selection(), check(verb, args), Nobody())


async def test_all_of_it_is_told_at_once_and_each_change_until_the_asker_hangs_up() -> None:
    machine, told = Machine(), Told()
    verb = find("trust")
    assert verb is not None
    telling = asyncio.create_task(
        machine.telling.trust(Selection(), check(verb, {}), cast("Any", told))
    )

    first = await told.items.get()
    issued = await machine.ask("token-issue", name="ci", roles="viewer")
    with_a_key = await told.items.get()
    await machine.ask("token-revoke", id=issued["id"])
    revoked = await told.items.get()
    await machine.ask("token-rotate")
    rotated = await told.items.get()
    machine.access.keep({"spec": ACCESS})
    applied = await told.items.get()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)

    assert first["tokens"]["keys"] == []
    assert len(with_a_key["tokens"]["keys"]) == 1
    assert list(revoked["revoked"]) == [issued["id"]]
    assert len(rotated["tokens"]["keys"]) == 2
    assert [each["name"] for each in applied["issuers"]] == ["corp"]
    assert applied["signers"]["ci"]["roles"] == ["deployer"]


async def test_what_is_told_verifies_tokens_and_cannot_make_any() -> None:
    machine = Machine()
    issued = await machine.ask("token-issue", name="ci", roles="viewer")

    document = machine.telling.document()
    trusted = parse_trusted(json.loads(json.dumps(document)))
    bearer = Bearer(
        lambda: trusted.ring, revocations=Revocations(None), trusts={}, now=machine.clock.now
    )
    found = await bearer.identity(issued["token"], way=Way.HTTP, source="")

    assert (found.actor, found.roles) == ("token:ci", ("viewer",))
    assert machine.file is not None
    secrets = [each.private["d"] for each in parse(machine.file).keys]
    assert not any(each in json.dumps(document) for each in secrets)


async def test_a_front_hears_of_certificates_that_the_machine_itself_issued() -> None:
    files: dict[str, bytes] = {}

    class Files:
        def read(self, name: str) -> bytes | None:
            return files.get(name)

        def write(self, name: str, content: bytes, *, private: bool) -> None:
            del private
            files[name] = content

        def path(self, name: str) -> str:
            return name

    assert published(files.get) == {}
    Authority(Files(), now=lambda: 1.8e9).begin("example.org")

    told = published(files.get)

    assert told["domain"] == "example.org"
    assert "BEGIN X509 CRL" in str(told["trust"])
    assert "PRIVATE" not in str(told["trust"])


def test_a_private_key_is_never_taken_for_a_public_one() -> None:
    ring = new_ring(0.0)
    leaky = {
        "host": ring.host,
        "keys": [{"id": "a", "ends": None, "jwk": dict(ring.keys[0].private)}],
    }

    with pytest.raises(StateFault, match="private key"):
        parse_public(leaky)
    with pytest.raises(StateFault, match="unreadable"):
        parse_public({"host": ring.host, "keys": "all"})


def test_a_ring_goes_through_its_public_half_and_back() -> None:
    ring = parse(dump(new_ring(5.0).rotated(10.0)))

    assert parse_public(json.loads(json.dumps(ring.public().document()))) == ring.public()
    assert ring.public().verifying(20.0) == ring.verifying(20.0)
    assert issue(ring, "ci", roles=(), lifetime=60, now=20.0).subject == "ci"
