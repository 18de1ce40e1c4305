"""Brings batches to a receiver until it has taken them, whatever it takes.

One batch is under way at a time, so the order of every stream stays.  What cannot be taken for good
is found by halving, and set aside; all else is tried again, ever more slowly.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from svcctl.errors import NotDelivered
from svcctl.events import Event, ShippingFailed, ShippingRecovered
from svcctl.observe.ship.aside import Aside
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.packing import Batch, Packer
from svcctl.observe.ship.receiver import Receiver, Taken
from svcctl.observe.ship.sent import Progress, Sent
from svcctl.observe.ship.spool import Spool
from svcctl.ports import Clock

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0  # seconds between two tries


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it goes: times in seconds since 1970, None where there is none.

    *waiting_since* is when the oldest record that is not sent was captured.
    """

    progress: Progress
    last_sent: float | None = None
    failing_since: float | None = None
    waiting_since: float | None = None
    problem: str = ""
    tries: int = 0


class Sender:
    """Sends what *packer* gives to *receiver*, called *name*; *publish* hears of trouble, once."""

    def __init__(
        self,
        name: str,
        *,
        spool: Spool,
        packer: Callable[[Progress], Packer],
        sent: Sent,
        receiver: Receiver,
        aside: Aside,
        clock: Clock,
        publish: Callable[[Event], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._spool, self._sent, self._receiver, self._aside = spool, sent, receiver, aside
        self._clock, self._publish, self._chance = clock, publish, chance
        progress = sent.load()
        self._in_doubt = not progress.clean
        self._packer = packer(progress)
        self._batch: Batch | None = None
        self._groups: deque[Sequence[Entry]] = deque()
        self._not_before = 0.0
        self.standing = Standing(progress=progress)

    def step(self) -> float | None:
        """Do what is due; give the seconds to the next step, None: until more was committed.

        Raises OSError where progress cannot be kept; the step can be repeated.
        """
        now = self._clock.monotonic()
        if now < self._not_before:
            return self._not_before - now
        if self._batch is None:
            batch = self._packer.take(now)
            if batch is None:
                self._rest()
                return self._packer.due(now)
            self._begin(batch)
        if self._groups:
            self._deliver(self._groups[0])
        if not self._groups:
            self._finish()
        return max(0.0, self._not_before - self._clock.monotonic())

    def close(self) -> None:
        """Keep what was done, and let go."""
        self._rest()
        self._receiver.close()
        self._sent.close()

    def _rest(self) -> None:
        """Note that nothing is under way; a batch that is makes the next sender doubt."""
        progress = self.standing.progress
        if self._batch is None and not progress.clean:
            self._keep(replace(progress, clean=True))
        first = self._packer.first
        self._stand(waiting_since=first.at if first else None)

    def _begin(self, batch: Batch) -> None:
        self._batch = batch
        if not batch.entries:
            return
        self._groups.append(batch.entries)
        progress = self.standing.progress
        if self._in_doubt:
            self._in_doubt = False
            repeated = progress.repeated + len(batch.entries)
            self._keep(replace(progress, repeated=repeated, clean=False))
        elif progress.clean:
            self._keep(replace(progress, clean=False))
        self._stand(waiting_since=batch.entries[0].at)

    def _finish(self) -> None:
        assert self._batch is not None
        progress = self.standing.progress
        lost = progress.lost + self._batch.lost
        self._keep(replace(progress, spot=self._batch.end, lost=lost))
        if self._batch.lost:
            log.warning("ship.lost", extra={"receiver": self.name, "lines": self._batch.lost})
        end, self._batch = self._batch.end, None
        self._spool.forget(end)

    def _deliver(self, group: Sequence[Entry]) -> None:
        try:
            taken = self._receiver.deliver(group)
            self._take(group, taken)
        except NotDelivered as error:
            self._refused(group, error)
        except OSError as error:
            self._failed(f"{type(error).__name__}: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - no more than its kind is said: it may hold a secret
            problem = f"receiver {self.name!r} cannot be used: {type(error).__name__}"
            log.error("ship.failed", extra={"receiver": self.name, "problem": problem})
            self._failed(problem)

    def _refused(self, group: Sequence[Entry], error: NotDelivered) -> None:
        if error.again:
            self._failed(error.problem, wait=error.wait)
        elif len(group) > 1:
            half = len(group) // 2
            self._groups.popleft()
            self._groups.extendleft((group[half:], group[:half]))
        else:
            self._set_aside([(group[0], error.problem)])
            self._groups.popleft()
            self._answered()

    def _take(self, group: Sequence[Entry], taken: Taken) -> None:
        """Go by what the receiver said; raises OSError where nothing can be set aside."""
        again = [group[number] for number in taken.again]
        self._set_aside([(group[each.number], each.reason) for each in taken.refused])
        if taken.unnamed:
            self._aside.note(taken.unnamed, taken.problem, at=self._clock.now())
        refused = len(taken.refused) + taken.unnamed
        progress = self.standing.progress
        sent = len(group) - len(again) - refused
        self._stand(
            progress=replace(
                progress, sent=progress.sent + sent, aside=progress.aside + taken.unnamed
            )
        )
        self._groups.popleft()
        if again:
            self._groups.appendleft(again)
            self._failed(taken.problem, wait=taken.wait)
        else:
            self._answered()

    def _set_aside(self, refused: list[tuple[Entry, str]]) -> None:
        if not refused:
            return
        self._aside.put(refused, at=self._clock.now())
        progress = self.standing.progress
        self._stand(progress=replace(progress, aside=progress.aside + len(refused)))
        log.warning(
            "ship.set-aside",
            extra={"receiver": self.name, "records": len(refused), "problem": refused[0][1]},
        )

    def _failed(self, problem: str, *, wait: float = 0.0) -> None:
        standing, now = self.standing, self._clock.now()
        tries = standing.tries + 1
        most = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries - 1, 30))
        pause = max(wait, most * (0.5 + self._chance() / 2))
        self._not_before = self._clock.monotonic() + pause
        self._stand(
            problem=problem,
            tries=tries,
            failing_since=standing.failing_since or now,
        )
        if standing.failing_since is None:
            self._publish(ShippingFailed(at=now, receiver=self.name, problem=problem))

    def _answered(self) -> None:
        """The receiver does its work again, if it did not."""
        now, since = self._clock.now(), self.standing.failing_since
        self._stand(last_sent=now, failing_since=None, tries=0)
        if since is not None:
            lasted = max(0.0, now - since)
            self._publish(ShippingRecovered(at=now, receiver=self.name, lasted=lasted))

    def _keep(self, progress: Progress) -> None:
        progress = replace(progress, turn=progress.turn + 1)
        self._sent.save(progress)
        self._stand(progress=progress)

    def _stand(self, **changes: object) -> None:
        self.standing = replace(self.standing, **changes)  # type: ignore[arg-type]
