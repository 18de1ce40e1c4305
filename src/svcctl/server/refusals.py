"""Has the agent write down what a front refused before the agent was asked: so much, and no more.

Whoever may ask for nothing must not be able to fill the audit log either.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Protocol

from svcctl.auth.identity import Identity, Proof
from svcctl.auth.tries import place_of
from svcctl.errors import Denied, SvcctlError
from svcctl.ports import Clock
from svcctl.wire import Selection

log = logging.getLogger(__name__)

WINDOW = 60.0
"""Seconds in which refusals are counted."""

EACH, ALL = 10, 100
"""How many are written down in that time: of one asker, or from one place, and altogether."""


class Notes(Protocol):
    """Where refusals are written down; see :class:`svcctl.client.link.Link`."""

    async def note_refusal(
        self, verb: str, *, selection: Selection, identity: Identity, error: SvcctlError
    ) -> None:
        """Have it written down that *identity* was refused *verb* for *error*."""


class Refusals:
    """Those of one front; what is left out is counted, and told with the next that is not."""

    def __init__(self, notes: Notes, *, clock: Clock) -> None:
        self._notes, self._clock = notes, clock
        self._begun_at = clock.monotonic()
        self._noted: Counter[str] = Counter()
        self._left_out = 0

    async def note(
        self, error: Denied, *, verb: str, selection: Selection, identity: Identity
    ) -> None:
        """Have it written down, so that it stands there before *identity* is told *error*.

        An agent that cannot be reached is told nothing later: the log of the front has it.
        """
        if not self._has_room(_asker(identity)):
            self._left_out += 1
            if self._left_out == 1:
                log.warning("front.refusals-left-out", extra={"source": identity.source})
            return
        left_out, self._left_out = self._left_out, 0
        more = f"; {left_out} more refusals were not written down" if left_out else ""
        said = type(error)(f"{error.problem}{more}")
        try:
            await self._notes.note_refusal(verb, selection=selection, identity=identity, error=said)
        except SvcctlError as problem:
            told = {"verb": verb, "actor": identity.actor, "source": identity.source}
            log.warning("front.refusal-lost", extra={**told, "problem": problem.problem})

    def _has_room(self, asker: str) -> bool:
        now = self._clock.monotonic()
        if now - self._begun_at >= WINDOW:
            self._begun_at = now
            self._noted.clear()
        if self._noted[asker] >= EACH or self._noted.total() >= ALL:
            return False
        self._noted[asker] += 1
        return True


def _asker(identity: Identity) -> str:
    """Give whose refusals are counted together: where strangers are, they have many names."""
    if identity.proof is Proof.NOTHING:
        return place_of(identity.source.partition(" ")[0])  # behind it: by which proxy
    return identity.actor
