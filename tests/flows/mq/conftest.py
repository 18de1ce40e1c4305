"""A real broker for all tests of a session, and a host of its own behind it for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.rabbit import Broker
from tests.flows.mq.stand import Stand

FOLDER = os.path.dirname(__file__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that lies here: slow, and with the time that a broker takes to start."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(300))
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="needs Linux: a broker of Debian's"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that all tests of this process share; each has a host of its own."""
    made = Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


@pytest.fixture
def stand(tmp_path: Path, broker: Broker) -> Stand:
    return Stand(tmp_path, broker.url)
