"""Puts together what looks after services besides keeping them: it watches, tells, sends, heals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from svcctl.app.alerting.desk import Desk
from svcctl.app.findings import Findings
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.healer import Healer
from svcctl.app.history import Historian
from svcctl.app.metrics import LineCount, Metrics
from svcctl.app.natives import Natives, OwnTrail
from svcctl.app.shipping import Docks, Shipping
from svcctl.app.understanding.all import Understanding
from svcctl.app.watching import Watching
from svcctl.bootstrap.core import Core
from svcctl.bootstrap.resources import Judging, judging
from svcctl.bootstrap.understanding import understanding
from svcctl.engine.manager import AgentManager
from svcctl.system.paths import Paths

if TYPE_CHECKING:  # what tells of alerts, or follows logs, is loaded where that is wanted
    from svcctl.app.alerting.telling import Telling
    from svcctl.app.healing.acting import CarryOut
    from svcctl.app.log_source import LogSources
    from svcctl.spec.alerting import AlertingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendants:
    """All of them.  *lines* are counted, and *historian* writes, once somebody begins it."""

    natives: Natives
    desk: Desk
    findings: Findings
    judged: Judging
    understanding: Understanding
    shipping: Shipping
    watching: Watching
    foreign: ForeignLogs
    metrics: Metrics
    lines: LineCount
    historian: Historian
    healer: Healer

    @contextmanager
    def at_work(self, carry_out: CarryOut) -> Iterator[None]:
        """Have them look while the block lasts; the healer acts by *carry_out*."""
        with ExitStack() as stack:
            self.healer.begin(carry_out)
            stack.callback(self.healer.close)
            self.foreign.listen(self.understanding.take)
            _begin(stack, self.watching, self.understanding, self.foreign)
            yield


@contextmanager
def attendants(core: Core, *, sample: float | None) -> Iterator[Attendants]:
    """Give those of *core*, who tell people and send logs already while the block lasts.

    *sample*: seconds between two looks at what programs use, None for as often as usual.
    """
    manager, store, bus, clock = core.manager, core.store, core.bus, core.world.clock
    with ExitStack() as stack:
        natives = _registered(core.paths)
        natives.trail.subscribe(store.append)
        own = OwnTrail(store, natives)
        desk = Desk(
            partial(_telling, manager, natives),
            store=store,
            events=own,
            bus=bus,
            clock=clock,
            since=core.began_at,
        )
        findings = Findings(store=store, events=own, bus=bus, clock=clock)
        _begin(stack, desk, findings)
        judged = stack.enter_context(judging(manager, findings, every=sample))
        shipping = Shipping(partial(_docks, core), store=store, bus=bus, clock=clock)
        _begin(stack, shipping)
        watching = Watching(manager)
        foreign = ForeignLogs(manager, watching=watching, open_sources=partial(_foreign, core))
        historian = Historian(manager, natives, judged.sampler)
        stack.callback(historian.close)
        yield Attendants(
            natives=natives,
            desk=desk,
            findings=findings,
            judged=judged,
            understanding=understanding(manager, findings, folder=f"{core.paths.state}/learnt"),
            shipping=shipping,
            watching=watching,
            foreign=foreign,
            metrics=Metrics(
                manager,
                about=core.about,
                tally=core.tally,
                natives=natives,
                foreign=foreign,
                also=lambda: tuple(shipping.samples()),
                trend=judged.resources.trend,
            ),
            lines=LineCount(manager, core.tally, foreign),
            historian=historian,
            healer=Healer(manager, store=store, events=own, is_quiet=findings.is_quiet),
        )


class _Watches(Protocol):
    """Watches something from :meth:`begin` to :meth:`close`."""

    def begin(self) -> None: ...
    def close(self) -> None: ...


def _begin(stack: ExitStack, *parts: _Watches) -> None:
    """Have each begin, and end with *stack*, the last first."""
    for each in parts:
        each.begin()
        stack.callback(each.close)


def _telling(manager: AgentManager, natives: Natives, spec: AlertingSpec) -> Telling:
    from svcctl.bootstrap.alerting import telling  # noqa: PLC0415 - for those who are told

    return telling(spec, manager=manager, natives=natives)


def _registered(paths: Paths) -> Natives:
    """Give the services of native managers as they are registered; hosts have none of their own."""
    natives = Natives()
    if os.path.isdir(paths.native):  # noqa: PTH112 - pathlib is slow to load
        from svcctl.bootstrap.registered import registered  # noqa: PLC0415 - where there may be

        natives.know(registered(paths)[0])
    return natives


def _docks(core: Core) -> Docks:
    from svcctl.bootstrap.shipping import Docks  # noqa: PLC0415 - where logs are sent

    paths = core.paths
    return Docks(
        world=core.world,
        folder=f"{paths.state}/shipping",
        logs=paths.logs,
        services=paths.services,
    )


def _foreign(core: Core) -> LogSources:
    from svcctl.bootstrap.foreign_logs import Sources  # noqa: PLC0415 - where something is watched

    return Sources(f"{core.paths.state}/watches")
