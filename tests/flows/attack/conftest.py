"""A server to attack, for each test, which looks at every try where a test wants that."""

from __future__ import annotations

from tests.flows.fronting.conftest import site
from tests.flows.http.conftest import patience, stand, whole

__all__ = ["patience", "site", "stand", "whole"]
