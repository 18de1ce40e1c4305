"""A server to ask, for each test, or a home whose agent lets a front in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.fronting.conftest import site
from tests.flows.grpc.stand import Stand
from tests.flows.http.conftest import patience

__all__ = ["patience", "site"]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)
