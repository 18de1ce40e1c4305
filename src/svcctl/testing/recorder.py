"""Remembers what a service under test tells its manager and its log."""

from __future__ import annotations

import json
from collections.abc import Callable

from svcctl.ports import HostPhase
from svcctl.sdk.phases import Phase


class RecordingReport:
    """Fulfils :class:`svcctl.ports.HostReport`; *phase* says where the service stands."""

    def __init__(self, phase: Callable[[], Phase]) -> None:
        self._phase = phase
        self.phases: list[Phase] = []
        self.told: list[HostPhase] = []
        self.words: list[str] = []
        self.reloads: list[bool] = []

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        del within
        self.told.append(phase)
        now = self._phase()
        if self.phases[-1:] != [now]:
            self.phases.append(now)
        self.words.append(text)

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        self.reloads.append(over)


class RecordingSink:
    """A sink that keeps what is logged, as the fields of each record."""

    def __init__(self) -> None:
        self.records: list[dict[str, object]] = []

    def write(self, record: bytes, level: int) -> None:
        """Keep a record, or several."""
        del level
        self.records += [json.loads(each) for each in record.splitlines()]

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is to be let go of."""
