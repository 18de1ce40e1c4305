"""Who answers a request that may be about native services: their managers, the agent, or both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.client.native import NativeClient
from svcctl.spec.service import ServiceSpec
from svcctl.wire import Request, Selection


@pytest.fixture
def client() -> NativeClient:
    """Give a client of a machine on which systemd keeps ``mailer``."""
    mailer = ServiceSpec(name="mailer", exec=("/bin/app",))
    services: Any = SimpleNamespace(specs=lambda: {"mailer": mailer})
    nobody: Any = None
    return NativeClient(
        services,
        host=nobody,
        sources=nobody,
        journal=nobody,
        events=nobody,
        audit=nobody,
        identity=nobody,
    )


def named(verb: str, *names: str) -> Request:
    return Request(verb=verb, select=Selection(names=names))


def test_a_native_service_is_asked_for_alone(client: NativeClient) -> None:
    split = client.split(named("status", "mailer"))

    assert split.native is not None
    assert split.agent is None


def test_the_agent_adds_to_the_events_of_a_native_service_if_it_is_there(
    client: NativeClient,
) -> None:
    split = client.split(named("events", "mailer"))

    assert split.native is not None
    assert split.agent is not None
    assert (split.agent.select.names, split.doubtful) == (("mailer",), True)


def test_a_name_that_is_none_of_theirs_is_for_the_agent(client: NativeClient) -> None:
    split = client.split(named("events", "web"))

    assert split.native is None
    assert not split.doubtful
