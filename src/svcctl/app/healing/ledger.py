"""Keeps what was done by itself, so that a budget survives whatever becomes of the agent."""

from __future__ import annotations

from dataclasses import replace

from svcctl.app.healing.deed import Deed, State, deed_of
from svcctl.app.healing.wanted import Wanted
from svcctl.ports import Store

KIND = "deed"
"""Under which the store has them."""

_KEPT = 86_400.0  # seconds for which the last deeds are shown at least


class Ledger:
    """The deeds of the past that budgets may count, and those under way; each is written at once.

    What an earlier agent had begun is *unknown* from then on.
    """

    def __init__(self, store: Store, *, now: float) -> None:
        self._store = store
        found = (deed_of(document) for _, document in store.items(KIND))
        kept = sorted((each for each in found if each), key=lambda each: each.number)
        self.interrupted = tuple(each for each in kept if each.state is State.BEGUN)
        # what lies ahead was written by a clock that was wrong
        self._deeds = {each.number: replace(each, at=min(each.at, now)) for each in kept}

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """Give them in the order in which they were begun."""
        return tuple(self._deeds.values())

    def begin(self, wanted: Wanted, *, at: float) -> Deed:
        """Write down what is about to be done."""
        deed = Deed(
            number=max(self._deeds, default=0) + 1,
            at=at,
            service=wanted.service,
            what=wanted.policy.do,
            by=wanted.by,
            why=wanted.trouble.summary,
            instance=wanted.trouble.instance,
        )
        return self._put(deed)

    def end(self, deed: Deed, state: State, *, at: float, problem: str = "") -> Deed:
        """Write down what became of it."""
        return self._put(replace(deed, state=state, ended=at, problem=problem))

    def forget(self, deed: Deed) -> None:
        """It was not done after all."""
        del self._deeds[deed.number]
        self._store.delete(KIND, str(deed.number))

    def prune(self, *, now: float, longest: float) -> None:
        """Forget what no budget, the longest of which spans *longest* seconds, counts any more."""
        oldest = now - max(longest, _KEPT)
        last = max(self._deeds, default=0)
        for deed in self.deeds:
            if deed.at <= oldest and deed.state is not State.BEGUN and deed.number != last:
                self.forget(deed)

    def _put(self, deed: Deed) -> Deed:
        self._deeds[deed.number] = deed
        self._store.put(KIND, str(deed.number), deed.document())
        return deed
