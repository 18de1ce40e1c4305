"""Remembers how far the log of every host was told of, so that nothing is told twice or not."""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.app.natives import Natives
from svcctl.app.past import event_of
from svcctl.ports import Clock, Recorded, Store

_KIND = "native-seen"


class NativeLog:
    """What hosts wrote down, on its way to *natives*; *store* has the number of the last event.

    Of a service that was never met before, what happened more than *slack* seconds ago is no news.
    """

    def __init__(self, natives: Natives, *, store: Store, clock: Clock, slack: float) -> None:
        self._natives, self._store, self._clock = natives, store, clock
        self._slack = slack
        self._met: dict[str, float] = {}
        found = ((name, document.get("number")) for name, document in store.items(_KIND))
        self._last = {name: number for name, number in found if isinstance(number, int)}

    @property
    def known(self) -> frozenset[str]:
        """Name those of which something was told."""
        return frozenset(self._last)

    def last(self, name: str) -> int:
        """Give the number of the last event of *name* that was told of, 0 for none."""
        return self._last.get(name, 0)

    def meet(self, name: str) -> None:
        """Begin with a service."""
        self._met[name] = 0.0 if name in self._last else self._clock.now() - self._slack

    def begin_anew(self, name: str) -> None:
        """Note that its log has begun anew: nothing of it was told of."""
        self._remember(name, 0)

    def forget(self, name: str) -> None:
        """Forget a service that is no more."""
        self._met.pop(name, None)
        self._last.pop(name, None)
        self._store.delete(_KIND, name)

    def tell(self, name: str, recorded: Iterable[Recorded]) -> None:
        """Pass on what is news of that service.

        What its host says of itself is no business of others, and of other services it knows
        nothing: it may run as anybody.
        """
        told = last = self.last(name)
        for each in recorded:
            is_news = each.number > told and each.at >= self._met.get(name, 0.0)
            event = event_of(each) if is_news else None
            if event is not None and event.service == name:
                self._natives.take(event)
            last = max(last, each.number)
        if last != told:
            self._remember(name, last)

    def _remember(self, name: str, number: int) -> None:
        self._last[name] = number
        self._store.put(_KIND, name, {"number": number})
