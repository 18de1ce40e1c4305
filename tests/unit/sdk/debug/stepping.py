"""Leads a simulated manager through what happens, and keeps what it made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from svcctl.ports import Exit
from svcctl.sdk.debug.exchange import (
    Act,
    Asked,
    Effect,
    Ended,
    Input,
    Refuse,
    Say,
    Signal,
    Simulation,
    Waited,
)
from svcctl.sdk.phases import Phase

T = TypeVar("T")


@dataclass
class Stepping:
    """A manager, the time it is, and all that it did."""

    sim: Simulation
    at: float = 1000.0
    effects: list[Effect] = field(default_factory=list)

    def phase(self) -> Phase:
        return self.sim.phase

    def take(self, *happened: Input) -> tuple[Effect, ...]:
        """Let things happen; give what came of the last one."""
        found: tuple[Effect, ...] = ()
        for each in happened:
            self.sim, found = self.sim.step(each, at=self.at)
            self.effects += found
        return found

    def ask(self, act: Act, code: int = 0) -> tuple[Effect, ...]:
        return self.take(Asked(act=act, code=code))

    def end(self, code: int | None = 0, signal: str | None = None) -> tuple[Effect, ...]:
        return self.take(Ended(exit=Exit(code=code, signal=signal)))

    def forward(self, seconds: float) -> tuple[Effect, ...]:
        """Let time pass; give what came of it, in order."""
        until, found = self.at + seconds, list[Effect]()
        while self.sim.due is not None and self.sim.due <= until:
            self.at = max(self.at, self.sim.due)
            found += self.take(Waited())
        self.at = until
        return tuple(found)

    def all(self, kind: type[T]) -> list[T]:
        """Give the effects of a kind so far."""
        return [each for each in self.effects if isinstance(each, kind)]


def signals(effects: tuple[Effect, ...]) -> list[str]:
    """Name the signals among *effects*."""
    return [each.name for each in effects if isinstance(each, Signal)]


def refusals(effects: tuple[Effect, ...]) -> list[str]:
    """Give why things were refused."""
    return [each.problem for each in effects if isinstance(each, Refuse)]


def said(effects: tuple[Effect, ...]) -> str:
    """Give all that is shown of *effects*."""
    return "\n".join(each.text for each in effects if isinstance(each, Say))
