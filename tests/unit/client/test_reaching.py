"""Whom a client asks is settled where it is made: by address, by name, or here."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from svcctl.bootstrap.hosts import change_contexts
from svcctl.client import reaching
from svcctl.client.asking import request_of
from svcctl.client.remote import Remote
from svcctl.errors import AgentUnreachable, UnknownService

NOBODY = "http://127.0.0.1:9"
STATUS = request_of("status", args={})


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a context of this user."""
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path))
    monkeypatch.delenv("SVCCTL_TOKEN_FILE", raising=False)
    change_contexts(None, lambda contexts: contexts.added(Remote(name="web-1", url=NOBODY)))
    return "web-1"


def there() -> reaching.Elsewhere:
    return reaching.Elsewhere(url=NOBODY, token="", ca="", cert="", key="", timeout=5.0)


def test_an_address_is_asked() -> None:
    with pytest.raises(AgentUnreachable, match="does not answer at 'http://127"):
        reaching.asking_at(there()).rows(STATUS)
    with pytest.raises(AgentUnreachable, match="does not answer at 'http://127"):
        asyncio.run(reaching.async_asking_at(there()).rows(STATUS))


def test_a_name_is_asked(known: str) -> None:
    with pytest.raises(AgentUnreachable, match="'web-1' does not answer"):
        reaching.asking_named(known, 5.0).rows(STATUS)
    with pytest.raises(AgentUnreachable, match="'web-1' does not answer"):
        asyncio.run(reaching.async_asking_named(known, 5.0).rows(STATUS))
    with pytest.raises(UnknownService, match="no context 'nix'"):
        reaching.async_asking_named("nix", None)


@pytest.mark.posix
def test_this_machine_is_asked(tmp_path: Path) -> None:
    with pytest.raises(AgentUnreachable, match="no agent answers at"):
        reaching.asking_here(str(tmp_path), 5.0).rows(STATUS)
    with pytest.raises(AgentUnreachable, match="no agent answers at"):
        asyncio.run(reaching.async_asking_here(str(tmp_path)).rows(STATUS))
