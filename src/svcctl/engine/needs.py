"""Who waits for whom: instances that may start once others stand as they must."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from svcctl.engine import conditions
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.events import Event, PhaseChanged, ProbeFailed, ProbePassed
from svcctl.spec.service import ServiceSpec


class Kept(Protocol):
    """A service as far as others wait for it."""

    spec: ServiceSpec
    keepers: list[Keeper]


class Needs:
    """Lets waiting instances go on as soon as what they need holds."""

    def __init__(self, kept: Mapping[str, Kept]) -> None:
        self._kept = kept
        self._waiting: dict[str, Keeper] = {}

    def wait(self, keeper: Keeper) -> None:
        """Tell *keeper* NEEDS_MET once its needs are met, which may be at once."""
        self._waiting[keeper.name] = keeper
        self._check(keeper)

    def forget(self, keeper: Keeper) -> None:
        """It waits no more."""
        self._waiting.pop(keeper.name, None)

    @property
    def waiting(self) -> AbstractSet[str]:
        """The names of the instances that wait."""
        return self._waiting.keys()

    def notice(self, event: Event) -> None:
        """Look again at everyone who waits: *event* may be what they waited for."""
        if not isinstance(event, PhaseChanged | ProbePassed | ProbeFailed):
            return
        for keeper in list(self._waiting.values()):
            if keeper.state.phase is not Phase.STARTING:
                self.forget(keeper)
            elif keeper.name != event.instance:
                self._check(keeper)

    def unmet(self, keeper: Keeper) -> list[str]:
        """Say what *keeper* waits for, for people: ``db to be ready``; empty if it does not."""
        return self._missing(keeper) if keeper.name in self._waiting else []

    def blocked_by(self, keeper: Keeper) -> str:
        """Name a needed service that gave up or is not to run, or give an empty text."""
        if keeper.name not in self._waiting:
            return ""
        for name in keeper.spec.needs:
            kept = self._kept.get(name)
            if kept is None or conditions.has_given_up([each.state for each in kept.keepers]):
                return name
        return ""

    def _check(self, keeper: Keeper) -> None:
        if not self._missing(keeper):
            self.forget(keeper)
            keeper.tell(Told.NEEDS_MET)

    def _missing(self, keeper: Keeper) -> list[str]:
        missing = []
        for name, need in keeper.spec.needs.items():
            kept = self._kept.get(name)
            if kept is None:
                missing.append(f"{name}, which is not there")
                continue
            states = [(each.state, each.vitals.probing.healthy) for each in kept.keepers]
            if not conditions.holds(need, kept.spec, states):
                missing.append(f"{name} to be {need}")
        for name in keeper.spec.after:
            kept = self._kept.get(name)
            if kept and not conditions.is_settled([each.state for each in kept.keepers]):
                missing.append(f"{name} to be up")
        return missing
