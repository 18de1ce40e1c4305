"""A reporter in a folder of its own, on a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from svcctl.events import CrashSeen, Event
from svcctl.sdk.crash.document import Subject
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.crash.reporter import Evidence, Reporter
from svcctl.testing.fakes import FakeClock


@dataclass
class Desk:
    """Where crashes are reported in a test."""

    path: Path
    clock: FakeClock = field(default_factory=FakeClock)
    events: list[Event] = field(default_factory=list)

    def reporter(self, **evidence: Callable[[], Any]) -> Reporter:
        return Reporter(
            CrashFolder(str(self.path), keep=10),
            Subject(service="mailer", instance="mailer.2", version="1.2"),
            clock=self.clock,
            publish=self.events.append,
            evidence=Evidence(**evidence),
        )

    def reports(self) -> list[dict[str, Any]]:
        """Everything that was written, oldest first."""
        return [json.loads(each.read_text()) for each in sorted(self.path.glob("crash-*.json"))]

    def report(self) -> dict[str, Any]:
        """The only report there is."""
        (found,) = self.reports()
        return found

    def seen(self) -> CrashSeen:
        """The only event there is."""
        (found,) = self.events
        assert isinstance(found, CrashSeen)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "crashes")
