"""Tokens as they are asked for: shown once, listed without a secret, revoked at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest

from svcctl.app.arguments import check
from svcctl.app.tokens import KIND, KeyFile, Tokens
from svcctl.app.verbs import find
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import Way
from svcctl.auth.tokens import verify
from svcctl.errors import Conflict, StateFault, UnknownService, UsageError
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


@dataclass
class Host:
    """A host that issues tokens; its keys are in memory."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    file: bytes | None = None

    def __post_init__(self) -> None:
        self.tokens = self.restarted()

    def restarted(self) -> Tokens:
        return Tokens(
            store=self.store,
            keys=KeyFile(read=lambda: self.file, write=self._write),
            roles=lambda: ("viewer", "operator", "admin", "night"),
            clock=self.clock,
        )

    def _write(self, content: bytes) -> None:
        self.file = content

    async def ask(self, verb_name: str, **args: object) -> Any:
        verb = find(verb_name)
        assert verb is not None
        return await self.tokens.deeds()[verb_name](Selection(), check(verb, args), Nobody())

    def look(self, text: str) -> str:
        now = self.clock.now()
        return verify(text, self.tokens.ring(), way=Way.HTTP, source="", now=now).actor


async def test_a_token_is_taken_by_the_host_that_issued_it_also_after_a_restart() -> None:
    host = Host()

    issued = await host.ask("token-issue", name="ci", roles="operator, night")
    host.tokens = host.restarted()

    assert host.look(issued["token"]) == "token:ci"
    assert issued["roles"] == ["operator", "night"]
    assert issued["expires_at"] - issued["issued_at"] == pytest.approx(3600, abs=1)


async def test_the_token_itself_is_kept_nowhere() -> None:
    host = Host()

    issued = await host.ask("token-issue", name="ci")
    listed = await host.ask("token-list")

    secret = issued["token"].rpartition(".")[2]
    assert secret not in repr((listed, host.store.items(KIND), host.file))
    assert [each["state"] for each in listed] == ["valid"]


async def test_a_revoked_token_is_told_to_whoever_watches_and_listed_as_such() -> None:
    host = Host()
    issued = await host.ask("token-issue", name="ci")

    await host.ask("token-revoke", id=issued["id"][:8])

    assert host.tokens.revocations.is_revoked(issued["id"])
    assert host.restarted().revocations.is_revoked(issued["id"])
    assert [each["state"] for each in await host.ask("token-list")] == ["revoked"]


async def test_a_certificate_is_revoked_by_its_serial_number_for_good() -> None:
    host = Host()

    await host.ask("token-revoke", id="49febe63c9", certificate=True)

    assert host.restarted().revocations.is_revoked("49febe63c9")
    for wrong in ("", "49FE", "xyz", "0" * 41, "token"):
        with pytest.raises(UsageError, match="no serial number"):
            await host.ask("token-revoke", id=wrong, certificate=True)


async def test_an_expired_token_is_listed_for_a_month() -> None:
    host = Host()
    await host.ask("token-issue", name="ci", **{"for": 60})

    host.clock.forward(61)
    assert [each["state"] for each in await host.ask("token-list")] == ["expired"]
    host.clock.forward(31 * 86_400)
    await host.ask("token-issue", name="new")

    assert [each["subject"] for each in await host.ask("token-list")] == ["new"]


@pytest.mark.parametrize("begins", ["", "abc", "ffffffff"])
async def test_which_token_is_meant_must_be_clear(begins: str) -> None:
    host = Host()
    await host.ask("token-issue", name="ci")

    with pytest.raises(UnknownService, match="id begins with"):
        await host.ask("token-revoke", id=begins)


async def test_the_first_token_of_an_admin_is_the_first() -> None:
    host = Host()
    await host.ask("token-issue", name="ci", roles="operator")

    first = await host.ask("token-issue", name="me", first=True)

    assert first["roles"] == ["admin"]
    with pytest.raises(Conflict, match="already"):
        await host.ask("token-issue", name="another", first=True)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({"name": "ci", "roles": "operater"}, "there is no role 'operater'"),
        ({"name": "C I"}, "cannot name"),
        ({"name": ""}, "cannot name"),
        ({"name": "ci", "for": 90_000}, "cannot live"),
        ({"name": "ci", "for": 0}, "cannot live"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    args: dict[str, object], problem: str
) -> None:
    host = Host()

    with pytest.raises(UsageError, match=problem):
        await host.ask("token-issue", **args)

    assert host.store.items(KIND) == []


async def test_tokens_of_before_hold_after_a_rotation() -> None:
    host = Host()
    issued = await host.ask("token-issue", name="ci")

    rotated = await host.ask("token-rotate")

    assert rotated["keys"] == 2
    assert rotated["signs_from"] == host.clock.now() + 300
    assert host.look(issued["token"]) == "token:ci"


async def test_keys_that_cannot_be_read_are_never_replaced() -> None:
    host = Host(file=b"{")

    with pytest.raises(StateFault):
        await host.ask("token-issue", name="ci")

    assert host.file == b"{"
