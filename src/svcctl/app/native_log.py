"""Remembers how far the log of every host was told of, so that nothing is told twice or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from svcctl.app.natives import Natives
from svcctl.app.past import event_of
from svcctl.ports import Clock, InstanceStatus, Recorded, Store

_KIND = "native-seen"
_PAST = 200  # events of a service taken over from before it was met: our own past has to stay too


class NativeLog:
    """What hosts wrote down, on its way to *natives*; *store* has the number of the last event.

    Of a service that was never met before, what happened more than *slack* seconds ago is no news,
    but written down.
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

    def take_in(
        self,
        name: str,
        rows: Iterable[InstanceStatus],
        recorded: Collection[Recorded],
        *,
        after: int,
        outside: bool = False,
    ) -> bool:
        """Take in how a service stood, and what was written down after number *after* until later.

        Where anything was, that says how it stands now, and *rows* are of the past.  Says whether
        nobody had said so before; *outside* as of :meth:`Natives.saw`.
        """
        is_quiet = not recorded and self.last(name) == after
        is_first = False
        if is_quiet or name in self._natives.unseen:
            is_first = self._natives.saw(name, rows, now=self._clock.now(), outside=outside)
        self.tell(name, recorded)
        return is_first

    def tell(self, name: str, recorded: Iterable[Recorded]) -> None:
        """Pass on what is news of that service, and the past of one that was never met before.

        What its host says of itself is no business of others, and of other services it knows
        nothing: it may run as anybody.
        """
        told, met = self.last(name), self._met.get(name, 0.0)
        new = [each for each in recorded if each.number > told]
        past = [each for each in new if each.at < met]
        for each in (*past[-_PAST:], *(each for each in new if each.at >= met)):
            event = event_of(each)
            if event is not None and event.service == name:
                (self._natives.recall if each.at < met else self._natives.take)(event)
        if new:
            self._remember(name, max(each.number for each in new))

    def _remember(self, name: str, number: int) -> None:
        self._last[name] = number
        self._store.put(_KIND, name, {"number": number})
