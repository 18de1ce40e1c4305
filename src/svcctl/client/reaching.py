"""Whom the Python client asks: an agent elsewhere, by address or name, or that of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from svcctl.client.asking import Asking, AsyncAsking
from svcctl.client.conversation import Conversation
from svcctl.client.http import HttpClient
from svcctl.client.remote import Remote
from svcctl.client.remote_url import check_url
from svcctl.client.threaded import ConversingAsker, ThreadedAsker

Token = str | Callable[[], str]
"""What shows who asks, or what gives it each time: tokens do not last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """An agent elsewhere, and how it is asked; see :class:`svcctl.client.Client`."""

    url: str
    token: Token = field(repr=False)
    ca: str
    cert: str
    key: str
    timeout: float | None

    def client(self) -> HttpClient:
        """Give a client of it; raises UsageError for an address that is none, or is not safe."""
        url, token = check_url(self.url), self.token
        remote = Remote(name=url, url=url, ca=self.ca, cert=self.cert, key=self.key)
        shown = (lambda: token) if isinstance(token, str) else token
        return HttpClient(remote, token=shown, timeout=self.timeout)


def asking_at(there: Elsewhere) -> Asking:
    """Ask an agent elsewhere."""
    client = there.client()
    return Asking(lambda: client)


def asking_named(name: str, timeout: float | None) -> Asking:
    """Ask the agent elsewhere that ``svcctl ctx`` knows as *name*; raises UnknownService."""
    client = _named(name, timeout)
    return Asking(lambda: client)


def asking_here(home: str | None, timeout: float | None) -> Asking:
    """Ask the agent of this machine."""
    return Asking(lambda: _bootstrap("local").local_client(home, timeout=timeout))


def async_asking_at(there: Elsewhere) -> AsyncAsking:
    """Ask an agent elsewhere, without blocking."""
    there.client()  # a mistake in the address is told at once
    return AsyncAsking(ThreadedAsker(there.client))


def async_asking_named(name: str, timeout: float | None) -> AsyncAsking:
    """Ask the agent elsewhere that ``svcctl ctx`` knows as *name*; raises UnknownService."""
    _named(name, timeout)
    return AsyncAsking(ThreadedAsker(lambda: _named(name, timeout)))


def async_asking_here(home: str | None) -> AsyncAsking:
    """Ask the agent of this machine, without blocking."""

    async def connected() -> Conversation:
        found: Conversation = await _bootstrap("conversing").conversation_with(home)
        return found

    return AsyncAsking(ConversingAsker(connected))


def _named(name: str, timeout: float | None) -> HttpClient:
    hosts = _bootstrap("hosts")
    client: HttpClient = hosts.remote_client(hosts.contexts(None).find(name), None, timeout=timeout)
    return client


def _bootstrap(module: str) -> Any:  # noqa: ANN401 - a module
    """Load what knows where things are: it stands above, and knows the clients it puts together."""
    return import_module(f"svcctl.bootstrap.{module}")
