"""How everything stands at the moment at which something is decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from svcctl.app.healing.deed import Deed
from svcctl.app.healing.trouble import Troubles
from svcctl.engine.life import Phase
from svcctl.spec.heal import HealingSpec
from svcctl.spec.heal_notation import Window
from svcctl.spec.service import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one service stands: the *phases* of its instances, by name.

    *enabled*: it is to run.  *attended* says who is at work on it, empty where nobody is;
    *reloads*: it reads its configuration again.  *up* is when (seconds since 1970) each of
    its instances came up, as far as that is known.
    """

    phases: Mapping[str, Phase]
    enabled: bool = True
    attended: str = ""
    reloads: bool = False
    up: Mapping[str, float] = field(default_factory=dict)

    def up_since(self, instance: str = "") -> float:
        """Give when *instance*, or else the last of them, came up; 0: nobody knows."""
        if instance:
            return self.up.get(instance, 0.0)
        return max(self.up.values(), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that matters to a decision at *now* (seconds since 1970), in *zone*.

    *standing* gives None for a service that is not there, *needs* all that a service needs, near
    and far.  *busy* measures what a service uses, in percent of one core, None where that is not
    known, and *quiet* gives its least busy hour, likewise.
    """

    now: float
    zone: tzinfo
    healing: HealingSpec
    specs: Mapping[str, ServiceSpec]
    troubles: Troubles
    deeds: Sequence[Deed]
    standing: Callable[[str], Standing | None]
    needs: Callable[[str], Sequence[str]]
    busy: Callable[[str], float | None] = field(default=lambda _: None)
    quiet: Callable[[str], Window | None] = field(default=lambda _: None)

    def deeds_on(self, service: str) -> list[Deed]:
        """Give what was done to *service*, and is remembered."""
        return [each for each in self.deeds if each.service == service]
