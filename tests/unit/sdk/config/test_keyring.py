"""Secrets come out of a keyring, and its absence is told with what to install."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keyring
import pytest
from keyring.backends import null
from keyring.errors import KeyringLocked

from svcctl.errors import SpecError
from svcctl.sdk.config.load import load
from svcctl.sdk.config.secret import Secret, secret
from svcctl.sdk.config.sources import Sources


@dataclass(frozen=True, kw_only=True)
class Mailer:
    password: Secret = secret("keyring:mail/relay/bob", default="none")


class InMemory(null.Keyring):
    """A keyring of one entry."""

    priority = 1

    def __init__(self, *, user: str = "bob", locked: bool = False) -> None:
        self._user = user
        self.asked: list[tuple[str, str]] = []
        self._locked = locked

    def get_password(self, service: str, username: str, password: object = None) -> str | None:
        assert password is None
        self.asked.append((service, username))
        if self._locked:
            raise KeyringLocked("it is locked")
        return "hunter2" if username == self._user else None


@pytest.fixture(autouse=True)
def _the_keyring_of_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_an_entry_is_named_by_service_and_user() -> None:
    ring = InMemory()
    keyring.set_keyring(ring)

    loaded = load(Mailer, Sources())

    assert loaded.value.password == Secret("hunter2")
    assert ring.asked == [("mail/relay", "bob")]


def test_an_entry_that_is_not_there_gives_the_default() -> None:
    keyring.set_keyring(InMemory(user="alice"))

    assert load(Mailer, Sources()).value.password == Secret("none")


def test_a_keyring_that_is_locked_is_a_mistake() -> None:
    keyring.set_keyring(InMemory(locked=True))

    with pytest.raises(SpecError, match="gave no answer for 'mail/relay/bob': it is locked"):
        load(Mailer, Sources())


def test_without_keyring_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(SpecError) as raised:
        load(Mailer, Sources())

    assert raised.value.mistakes[0].hint == "pip install 'svcctl[keyring]'"


def test_without_pyyaml_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, load_written: Any
) -> None:
    keyring.set_keyring(InMemory())
    monkeypatch.setitem(sys.modules, "yaml", None)

    with pytest.raises(SpecError, match=r"needs PyYAML: pip install 'svcctl\[yaml\]'"):
        load_written(Mailer, {"app.yaml": "a: 1"})
