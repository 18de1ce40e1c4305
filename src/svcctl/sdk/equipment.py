"""What a service is offered besides its life: each part is loaded when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.sdk.happenings import CircuitMoved, Retried, Tell
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.metrics.instruments import Exposed, Metrics

if TYPE_CHECKING:
    from svcctl.sdk.durable.database import Database
    from svcctl.sdk.durable.queue import Queue, Queues
    from svcctl.sdk.durable.saga import Saga
    from svcctl.sdk.durable.sagas import Pending, Sagas
    from svcctl.sdk.durable.state import State
    from svcctl.sdk.durable.values import Json
    from svcctl.sdk.resilience.breaker import Breaker, Fallback
    from svcctl.sdk.resilience.budget import RetryBudget
    from svcctl.sdk.resilience.limit import Limit
    from svcctl.sdk.resilience.retry import Retry

T = TypeVar("T")

DATABASE = "state.db"
"""The file in the service's folder that state, queues and sagas are kept in."""


class RetryTerms(TypedDict, total=False):
    """See :func:`svcctl.sdk.resilience.retry.retry`."""

    attempts: int | None
    timeout: str | float | None
    wait: str | float
    wait_max: str | float
    budget: RetryBudget | None
    on_retry: Callable[[Retried], None] | None


class BreakerTerms(TypedDict, total=False):
    """See :class:`svcctl.sdk.resilience.breaker.Breaker`."""

    failure_rate: float
    window: int | str
    minimum_calls: int | None
    cooldown: str | float
    half_open_probes: int
    slow_call: str | float | None
    slow_rate: float
    counts: tuple[type[Exception], ...]
    fallback: Fallback | None
    on_change: Callable[[CircuitMoved], None] | None


class LimitTerms(TypedDict, total=False):
    """See :class:`svcctl.sdk.resilience.limit.Limit`."""

    concurrent: int
    queue: int
    wait: str | float | None


class QueueTerms(TypedDict, total=False):
    """See :meth:`svcctl.sdk.durable.queue.Queues.queue`."""

    attempts: int | None
    wait: str | float | None
    wait_max: str | float | None
    remember: str | float | None


class Equipment:
    """The tools of one service; *tell* hears what happens with them, *folder* keeps their files.

    Files are opened with their first use and let go of by :meth:`close`.  *saved* is what this
    process wrote to its state, for whoever has to tell where it stood.
    """

    def __init__(
        self, *, clock: Clock, folder: str, tell: Tell, metrics: Metrics, health: Checks
    ) -> None:
        self._clock, self._tell = clock, tell
        self.folder = folder
        self.metrics, self.health = metrics, health
        self.saved: dict[str, Json] = {}
        self._breakers: dict[str, tuple[object, Breaker]] = {}
        self._limits: dict[str, tuple[object, Limit]] = {}
        self._database: Database | None = None
        self._queues: Queues | None = None
        self._sagas: Sagas | None = None

    def retry(
        self, *, on: type[Exception] | tuple[type[Exception], ...], **terms: Unpack[RetryTerms]
    ) -> Retry:
        """Describe how to try again what raises one of *on*; a decorator, or to iterate over."""
        from svcctl.sdk.resilience.retry import retry  # noqa: PLC0415

        return retry(on=on, clock=self._clock, tell=self._tell, **terms)

    def breaker(self, name: str, **terms: Unpack[BreakerTerms]) -> Breaker:
        """Give the circuit breaker *name*, the same one every time.

        Raises UsageError where it was given other terms before.
        """
        from svcctl.sdk.resilience.breaker import Breaker  # noqa: PLC0415

        def make() -> Breaker:
            return Breaker(name, clock=self._clock, tell=self._tell, **terms)

        return _known("breaker", name, terms, self._breakers, make)

    def limit(self, name: str, **terms: Unpack[LimitTerms]) -> Limit:
        """Give the limit (bulkhead) *name*, the same one every time.

        Raises UsageError where it was given other terms before, or none yet.
        """
        from svcctl.sdk.resilience.limit import Limit  # noqa: PLC0415

        def make() -> Limit:
            if "concurrent" not in terms:
                raise UsageError(f"limit {name!r} limits nothing", hint="give concurrent=10")
            return Limit(name, clock=self._clock, tell=self._tell, **terms)

        return _known("limit", name, terms, self._limits, make)

    def deadline(self, within: str | float) -> AbstractAsyncContextManager[None]:
        """Cancel what the block does, and all it calls, after *within*: raises TimedOut."""
        from svcctl.sdk.resilience.deadline import deadline  # noqa: PLC0415

        return deadline(within, clock=self._clock)

    @property
    def state(self) -> State:
        """Give what the service remembers over restarts."""
        from svcctl.sdk.durable.state import State  # noqa: PLC0415

        return State(self._opened(), clock=self._clock, saved=self.saved.update)

    def queue(self, name: str, **terms: Unpack[QueueTerms]) -> Queue:
        """Give the durable queue *name*, the same one every time."""
        from svcctl.sdk.durable.queue import Queues  # noqa: PLC0415

        self._queues = self._queues or Queues(self._opened(), clock=self._clock, tell=self._tell)
        return self._queues.queue(name, **terms)

    def saga(
        self, name: str, run: str = "", *, value: Json = None
    ) -> AbstractAsyncContextManager[Saga]:
        """Begin the run *run* of the saga *name*, or take it up where it was left.

        Without *run* it is a new one.
        """
        if not run:
            from uuid import uuid4  # noqa: PLC0415

            run = str(uuid4())
        return self._all_sagas().saga(name, run, value=value)

    async def pending_sagas(self) -> list[Pending]:
        """Give the runs that a former process left unfinished; opens no file that is not there."""
        if self._database is None and not self._has_file():
            return []
        return await self._all_sagas().pending()

    async def exposition(self, open_metrics: bool) -> tuple[str, bytes]:
        """Give media type and text of all metrics, for Prometheus.

        Raises UsageError where OpenTelemetry counts: its metrics are pushed.
        """
        if not isinstance(self.metrics, Exposed):
            raise UsageError("these metrics are pushed", hint="ask your OpenTelemetry collector")
        await self._measure()
        return self.metrics.exposition(open_metrics=open_metrics)

    async def _measure(self) -> None:
        """Bring the figures of queues up to date, which have to be asked for."""
        if self._queues is None:
            return
        from svcctl.sdk.metrics.built_in import built_in_gauge  # noqa: PLC0415

        items = built_in_gauge(self.metrics, "svcctl_queue_items")
        lag = built_in_gauge(self.metrics, "svcctl_queue_lag_seconds")
        for each in self._queues.known:
            for state, count in (await each.counts()).items():
                items.set(count, queue=each.name, state=state)
            lag.set(await each.lag(), queue=each.name)

    async def close(self) -> None:
        """Do what the files are still asked for, and let go of them; end the checks."""
        await self.health.close()
        if self._database is not None:
            await self._database.close()

    def _all_sagas(self) -> Sagas:
        from svcctl.sdk.durable.sagas import Sagas  # noqa: PLC0415

        self._sagas = self._sagas or Sagas(self._opened(), clock=self._clock, tell=self._tell)
        return self._sagas

    def _opened(self) -> Database:
        from svcctl.sdk.durable.database import Database  # noqa: PLC0415

        if self._database is None:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            self._database = Database(self._path()).open_soon()
        return self._database

    def _has_file(self) -> bool:
        return os.path.exists(self._path())

    def _path(self) -> str:
        return os.path.join(self.folder, DATABASE)


def _known(
    kind: str,
    name: str,
    terms: object,
    known: dict[str, tuple[object, T]],
    make: Callable[[], T],
) -> T:
    """Give the one of that name, made once; without terms it is as it was given before."""
    before, found = known.get(name, (terms, None))
    if found is None:
        found = make()
        known[name] = (terms, found)
    elif terms and terms != before:
        raise UsageError(
            f"{kind} {name!r} was given other terms before", hint="give them in one place"
        )
    return found
