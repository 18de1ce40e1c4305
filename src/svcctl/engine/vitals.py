"""How one instance is: ready, alive, within its memory, and what it says of itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

from svcctl.engine.hearing import Hearing
from svcctl.engine.judge import memory_verdict, next_sample
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Phase, Told
from svcctl.engine.probes.ready import readiness
from svcctl.engine.probing import Probing
from svcctl.events import MemoryExceeded
from svcctl.ports import Cancel, Timer
from svcctl.spec.policy import OnChange
from svcctl.spec.probe import Purpose

log = logging.getLogger(__name__)

_FIRST_SAMPLE = 1.0  # seconds after which a limited memory is looked at


class Vitals:
    """Watches the running program on behalf of its keeper."""

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper
        self.hearing = Hearing(keeper)
        self.probing = Probing(keeper, hear=self.hearing.hear)
        self._timers: list[Timer] = []
        self._over_memory = 0
        self._unwatch_files: Cancel | None = None
        self._debounce: Timer | None = None
        self._on_fork: Callable[[], None] = _nothing

    # on the way up

    def watch_ready(self) -> None:
        """Tell the keeper READY once all that its definition waits for has come about."""
        self.unwatch()
        self.probing.forget()
        self.hearing.text = ""
        wanted = readiness(self._keeper.spec)
        if wanted.at_once:
            self._keeper.tell(Told.READY)
            return
        missing: set[object] = {*wanted.probes}

        def came_about(what: object) -> None:
            missing.discard(what)
            if not missing:
                self._keeper.tell(Told.READY)

        if wanted.delay:
            missing.add("delay")
            self._later(wanted.delay, lambda: came_about("delay"))
        if wanted.notify:
            missing.add("notify")
            self.hearing.hear(
                lambda notice: came_about("notify") if notice.fields.get("READY") == "1" else None
            )
        if wanted.fork:
            missing.add("fork")
            self._on_fork = lambda: came_about("fork")
        for probe in wanted.probes:
            self.probing.watch(probe, on_good=lambda probe=probe: came_about(probe), eager=True)  # type: ignore[misc]

    def forked(self) -> None:
        """The program has put itself into the background."""
        self._on_fork()

    # while it runs

    def watch_live(self) -> None:
        """Watch the running program: probes, memory, files."""
        self.unwatch()
        spec = self._keeper.spec
        for probe in spec.health:
            if probe.purpose is not Purpose.STARTUP:
                self.probing.watch(probe)
        if spec.limits.memory_restart:
            self._over_memory = 0
            self._later(_FIRST_SAMPLE, self._sample)
        if spec.reload.watch:
            self._unwatch_files = self._keeper.world.files.watch(
                spec.reload.watch, self._files_changed
            )

    def unwatch(self) -> None:
        """Watch nothing; notices are still heard."""
        self.probing.unwatch()
        for timer in self._timers:
            timer.cancel()
        if self._debounce:
            self._debounce.cancel()
            self._debounce = None
        if self._unwatch_files:
            self._unwatch_files()
            self._unwatch_files = None
        self._timers.clear()
        self.hearing.forget_hearers()
        self._on_fork = _nothing

    def respec(self) -> None:
        """Watch as the new definition says."""
        self.hearing.try_to_open()
        if self._keeper.state.phase is Phase.RUNNING:
            self.probing.forget()
            self.watch_live()

    def close(self) -> None:
        """Watch nothing and hear nothing."""
        self.unwatch()
        self.hearing.close()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(self._keeper.world.clock.later(seconds, call))

    # memory and files

    def _sample(self) -> None:
        limit, usage = self._keeper.spec.limits.memory_restart, self._keeper.usage()
        if limit is None or usage is None:
            return
        used = usage.memory_bytes
        self._over_memory, exceeded = memory_verdict(self._over_memory, used, limit)
        if not exceeded:
            self._later(next_sample(used, limit), self._sample)
            return
        self._keeper.world.bus.publish(
            MemoryExceeded(**self._keeper.occasion(), memory_bytes=used, limit_bytes=limit)
        )
        self._keeper.tell(Told.MEMORY_EXCEEDED, reason="memory limit exceeded")

    def _files_changed(self, paths: list[str]) -> None:
        log.info("files.changed", extra={"instance": self._keeper.name, "paths": paths[:3]})
        if self._debounce:
            self._debounce.cancel()
        reload = self._keeper.spec.reload
        kind = Told.RELOAD if reload.on_change is OnChange.RELOAD else Told.RESTART

        def act() -> None:
            self._debounce = None
            self._keeper.tell(kind, reason="files changed")

        self._debounce = self._keeper.world.clock.later(reload.debounce, act)


def _nothing() -> None:
    """What comes about where nothing is waited for."""
