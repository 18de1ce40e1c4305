"""Tells the manager how a service is: every phase, and a sign of life while one passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from svcctl.ports import Clock, HostPhase, HostReport, Timer
from svcctl.sdk.phases import PASSING, Input, Phase, step

_SIGN_OF_LIFE = 5.0  # seconds between two words to the manager while a phase passes
_PATIENCE = 15.0  # seconds within which the next word is promised


class Voice:
    """Says on *report* where a service stands: in :attr:`phase`, and in what it says of itself.

    *waits_for* names what a service that drains waits for; *taken_for* gives what the manager is
    to take a phase for.
    """

    def __init__(
        self,
        report: HostReport,
        *,
        clock: Clock,
        waits_for: Callable[[], Sequence[str]],
        taken_for: Callable[[Phase], HostPhase],
    ) -> None:
        self._report, self._clock = report, clock
        self._waits_for, self._taken_for = waits_for, taken_for
        self.phase, self.text = Phase.STARTING, ""
        self._sign: Timer | None = None

    def say(self, text: str) -> None:
        """Say in a line how it goes."""
        self.text = text
        self.tell()

    def move(self, happened: Input) -> bool:
        """Take a step; the manager gets a word even where it leads nowhere: it waits for one."""
        before, self.phase = self.phase, step(self.phase, happened)
        if happened is not Input.READY or self.phase is not before:
            self.tell()
        return self.phase is not before

    def tell(self) -> None:
        """Say how it is, and again every few seconds for as long as a phase passes."""
        if self._sign:
            self._sign.cancel()
        passing = self.phase in PASSING
        told, within = self._taken_for(self.phase), _PATIENCE if passing else 0.0
        self._report.tell(told, text=self._words(), within=within)
        self._sign = self._clock.later(_SIGN_OF_LIFE, self.tell) if passing else None

    def _words(self) -> str:
        left = ", ".join(self._waits_for()) if self.phase is Phase.DRAINING else ""
        said = f"waiting for {left}" if left else self.text
        return f"{self.phase}: {said}" if said else str(self.phase)
