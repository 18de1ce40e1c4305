"""A world without an outside, and instances in it that are what they are said to be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from svcctl.ports import InstanceStatus
from svcctl.testing.world import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


def _standing(instance: str, where: str) -> InstanceStatus:
    return InstanceStatus(
        service=instance,
        instance=instance,
        phase=where,
        ready=False,
        live=None,
        pid=None,
        started_at=None,
        restarts=0,
        exit_code=None,
        exit_signal=None,
        manager="agent",
        spec_revision="",
        applied=True,
        enabled=True,
        cpu=None,
        memory_bytes=None,
        processes=None,
        reason="gave up",
        status_text="",
        next_at=None,
        groups=(),
        labels={},
        description="",
    )


@pytest.fixture
def standing() -> Callable[[str, str], InstanceStatus]:
    """Give the status of an instance in a phase."""
    return _standing
