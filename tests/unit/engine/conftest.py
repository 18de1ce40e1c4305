"""Everything an engine needs of the outside, in memory."""

from __future__ import annotations

import pytest

from svcctl.testing.world import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()
