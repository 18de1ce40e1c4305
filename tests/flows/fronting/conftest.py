"""A home that an account without rights can pass through, too."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import Box, boxed

FRONTS = '[access]\nfronts = ["uid:65534"]\nlocal = "admin"\n'
"""Lets an account in that serves others: nobody's, which root becomes in these tests."""


@pytest.fixture
def site() -> Iterator[Box]:
    """A home with an agent that lets a front in, whoever that runs as."""
    folder = Path(tempfile.mkdtemp(prefix="svcctl-"))
    folder.chmod(0o711)
    try:
        with boxed(folder) as made:
            made.start_agent()
            made.apply(FRONTS)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
