"""A real broker of each kind for all tests of a session, and for each test a host behind it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.mq.sites import KINDS, Site, site_of
from tests.flows.mq.stand import Stand

FOLDER = os.path.dirname(__file__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that lies here: slow, and with the time that a broker takes to start."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.slow)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="needs Linux: a broker of Debian's"))


@pytest.fixture(scope="session", params=KINDS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A broker that all tests of this process share; each has a host of its own."""
    made = site_of(request.param, tmp_path_factory.mktemp(request.param))
    try:
        made.server.begin()
        yield made
    finally:
        made.server.end()


@pytest.fixture
def stand(tmp_path: Path, site: Site) -> Stand:
    return Stand(tmp_path, site)
