"""How one instance is: ready, alive, within its memory, and what it says of itself."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from svcctl.contact import ENDPOINT, Notice
from svcctl.engine.judge import Verdict, judge, memory_verdict, next_sample
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Phase, Told
from svcctl.engine.probes.ready import readiness
from svcctl.engine.probes.sources import (
    Check,
    Heartbeat,
    LogMatch,
    Poll,
    Source,
    whole_number,
)
from svcctl.engine.probes.tcp import check_tcp
from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.events import MemoryExceeded, ProbeFailed, ProbePassed, StatusReported
from svcctl.ports import Cancel, Timer
from svcctl.spec.policy import OnChange
from svcctl.spec.probe import OnFail, Probe, Purpose

log = logging.getLogger(__name__)

_FIRST_SAMPLE = 1.0  # seconds after which a limited memory is looked at
_VERDICT_AT_ONCE = frozenset({"heartbeat", "log"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a probe: its verdict (None: none yet) and the seconds of its last check.

    Heartbeats and logs are not asked: they take no time, *seconds* is None.
    """

    probe: str
    purpose: str
    good: bool | None
    seconds: float | None


class Vitals:
    """Watches the running program on behalf of its keeper."""

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper
        self.text = ""
        self._verdicts: dict[Probe, Verdict] = {}
        self._took: dict[Probe, float] = {}
        self._sources: list[Source] = []
        self._timers: list[Timer] = []
        self._over_memory = 0
        self._unwatch_files: Cancel | None = None
        self._debounce: Timer | None = None
        self._hearers: list[Callable[[Notice], None]] = []
        self._on_fork: Callable[[], None] = _nothing
        self._address = ""
        self._deafen: Cancel | None = None
        self._try_to_open_board()

    # what is known

    @property
    def ready(self) -> bool:
        """No ready probe has a bad verdict."""
        return all(
            verdict.good is not False
            for probe, verdict in self._verdicts.items()
            if probe.purpose is Purpose.READY
        )

    @property
    def live(self) -> bool | None:
        """What the live probes say together; None where there is none, or no verdict yet."""
        found = self._live_verdicts()
        if not found or (None in found and False not in found):
            return None
        return all(found)

    @property
    def healthy(self) -> bool:
        """Every live probe has said so; without any, nothing speaks against it."""
        probes = [each for each in self._keeper.spec.health if each.purpose is Purpose.LIVE]
        found = self._live_verdicts()
        return len(found) == len(probes) and all(found)

    @property
    def looked(self) -> tuple[Looked, ...]:
        """What came of each probe that is watched."""
        return tuple(
            Looked(
                probe=probe_name(probe),
                purpose=probe.purpose,
                good=verdict.good,
                seconds=self._took.get(probe),
            )
            for probe, verdict in self._verdicts.items()
        )

    def _live_verdicts(self) -> list[bool | None]:
        return [
            verdict.good
            for probe, verdict in self._verdicts.items()
            if probe.purpose is Purpose.LIVE
        ]

    # notices

    def _open_board(self) -> None:
        spec = self._keeper.spec
        if spec.ready == "notify" or any(each.heartbeat or each.checks for each in spec.health):
            board = self._keeper.world.notices
            self._address, self._deafen = board.listen(self._keeper.name, self._noticed)

    def _try_to_open_board(self) -> None:
        try:
            self._open_board()
        except SvcctlError as error:  # tried again with every start
            log.warning("notices.unheard", extra={"problem": error.problem})

    def environment(self) -> dict[str, str]:
        """Give the variables of sd_notify(3), where the program is to use it.

        Raises CannotSpawn where it could not be heard.
        """
        if not self._address:
            try:
                self._open_board()
            except SvcctlError as error:
                raise CannotSpawn(error.problem, hint=error.hint) from error
        if not self._address:
            return {}
        beats = [each.heartbeat for each in self._keeper.spec.health if each.heartbeat]
        found = {"NOTIFY_SOCKET": self._address}
        if beats:
            found["WATCHDOG_USEC"] = str(int(min(beats) * 1_000_000))
        return found

    def _noticed(self, notice: Notice) -> None:
        """Take what the program says; anybody can send, so it matters who did."""
        if not self._keeper.trusts(notice.uid):
            log.warning("notice.refused", extra={"instance": self._keeper.name, "uid": notice.uid})
            return
        told = notice.fields
        if "STATUS" in told and told["STATUS"] != self.text:
            self.text = told["STATUS"]
            self._keeper.world.bus.publish(
                StatusReported(
                    at=self._keeper.world.clock.now(),
                    service=self._keeper.spec.name,
                    instance=self._keeper.name,
                    text=self.text,
                )
            )
        if longer := whole_number(told.get("EXTEND_TIMEOUT_USEC", "")):
            self._keeper.extend(longer / 1_000_000)
        if pid := whole_number(told.get("MAINPID", "")):
            self._keeper.follow_main(pid)
        if (address := told.get(ENDPOINT, "")) and os.path.isabs(address):
            self._keeper.found_at(address)
        if "FDSTORE" in told:
            log.debug("notice.fdstore-ignored", extra={"instance": self._keeper.name})
        for hearer in tuple(self._hearers):
            hearer(notice)

    def _hear(self, hearer: Callable[[Notice], None]) -> Cancel:
        self._hearers.append(hearer)

        def cancel() -> None:
            if hearer in self._hearers:
                self._hearers.remove(hearer)

        return cancel

    # on the way up

    def watch_ready(self) -> None:
        """Tell the keeper READY once all that its definition waits for has come about."""
        self.unwatch()
        self._verdicts.clear()
        self._took.clear()
        self.text = ""
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
            self._hear(lambda n: came_about("notify") if n.fields.get("READY") == "1" else None)
        if wanted.fork:
            missing.add("fork")
            self._on_fork = lambda: came_about("fork")
        for probe in wanted.probes:
            self._watch(probe, on_good=lambda probe=probe: came_about(probe), eager=True)  # type: ignore[misc]

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
                self._watch(probe, on_good=lambda: None, eager=False)
        if spec.limits.memory_restart:
            self._over_memory = 0
            self._later(_FIRST_SAMPLE, self._sample)
        if spec.reload.watch:
            self._unwatch_files = self._keeper.world.files.watch(
                spec.reload.watch, self._files_changed
            )

    def unwatch(self) -> None:
        """Watch nothing; notices are still heard."""
        for source in self._sources:
            source.stop()
        for timer in self._timers:
            timer.cancel()
        if self._debounce:
            self._debounce.cancel()
            self._debounce = None
        if self._unwatch_files:
            self._unwatch_files()
            self._unwatch_files = None
        self._sources.clear()
        self._timers.clear()
        self._hearers.clear()
        self._on_fork = _nothing

    def respec(self) -> None:
        """Watch as the new definition says."""
        if self._deafen is None:
            self._try_to_open_board()
        if self._keeper.state.phase is Phase.RUNNING:
            self._verdicts.clear()
            self._took.clear()
            self.watch_live()

    def close(self) -> None:
        """Watch nothing and hear nothing."""
        self.unwatch()
        if self._deafen:
            self._deafen()

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append(self._keeper.world.clock.later(seconds, call))

    # probes

    def _watch(self, probe: Probe, *, on_good: Callable[[], None], eager: bool) -> None:
        self._verdicts.setdefault(probe, Verdict())
        source = self._source(probe, eager=eager)
        self._sources.append(source)
        source.start(lambda problem: self._checked(probe, problem, on_good))

    def _source(self, probe: Probe, *, eager: bool) -> Source:
        world = self._keeper.world
        if probe.heartbeat is not None:
            return Heartbeat(
                probe.heartbeat,
                clock=world.clock,
                hear=self._hear,
                patience=self._grace_left(probe),
            )
        if probe.log is not None:
            fatal = probe.purpose is Purpose.LIVE
            return LogMatch(probe.log, sink=self._keeper.sink, fatal=fatal)
        return Poll(
            self._timed(probe),
            clock=world.clock,
            interval=probe.interval,
            limit=probe.timeout,
            delay=0.0 if eager else min(probe.interval, probe.grace or probe.interval),
            eager=eager,
        )

    def _timed(self, probe: Probe) -> Check:
        check, clock = self._check(probe), self._keeper.world.clock

        async def timed() -> str:
            begun = clock.monotonic()
            try:
                return await check()
            finally:
                self._took[probe] = clock.monotonic() - begun

        return timed

    def _check(self, probe: Probe) -> Check:
        if probe.http is not None:
            from svcctl.engine.probes.http import check_http  # noqa: PLC0415 - not small

            url, expect = probe.http, probe.expect
            return lambda: check_http(url, expect=expect)
        if probe.tcp is not None:
            address = probe.tcp
            return lambda: check_tcp(address)
        if probe.checks is not None:
            group = probe.checks
            return lambda: self._keeper.ask_checks(group, limit=probe.timeout)
        return lambda: self._keeper.check(probe.exec, limit=probe.timeout)

    def _checked(self, probe: Probe, problem: str, on_good: Callable[[], None]) -> None:
        before = self._verdicts.get(probe, Verdict())
        if probe.kind in _VERDICT_AT_ONCE:
            after = Verdict(good=not problem)
        else:
            in_grace = self._grace_left(probe) > 0
            after = judge(before, passed=not problem, probe=probe, in_grace=in_grace)
        self._verdicts[probe] = after
        if after.good is before.good:
            return
        if after.good:
            self._publish(probe, None)
            on_good()
        elif after.good is False and self._keeper.state.phase is Phase.RUNNING:
            # while it starts, failing is what such a probe is expected to do
            self._publish(probe, problem)
            self._gone_bad(probe, problem)

    def _grace_left(self, probe: Probe) -> float:
        """Give the seconds in which failures of *probe* do not count yet."""
        if probe.purpose is not Purpose.LIVE:
            return 0.0
        age = self._keeper.world.clock.monotonic() - self._keeper.state.spawned_at
        return max(0.0, probe.grace - age)

    def _gone_bad(self, probe: Probe, problem: str) -> None:
        if probe.purpose is Purpose.LIVE and probe.on_fail is OnFail.RESTART:
            reason = f"live probe {probe.kind} failed: {problem}"
            self._keeper.tell(Told.PROBE_FAILED, reason=reason)

    def _publish(self, probe: Probe, problem: str | None) -> None:
        world, spec = self._keeper.world, self._keeper.spec
        at, name = world.clock.now(), self._keeper.name
        what, purpose = probe_name(probe), probe.purpose
        if problem is None:
            world.bus.publish(
                ProbePassed(at=at, service=spec.name, instance=name, probe=what, purpose=purpose)
            )
        else:
            world.bus.publish(
                ProbeFailed(
                    at=at,
                    service=spec.name,
                    instance=name,
                    probe=what,
                    purpose=purpose,
                    problem=problem,
                )
            )

    # memory and files

    def _sample(self) -> None:
        limit, usage = self._keeper.spec.limits.memory_restart, self._keeper.usage()
        if limit is None or usage is None:
            return
        self._over_memory, exceeded = memory_verdict(self._over_memory, usage.memory_bytes, limit)
        if not exceeded:
            self._later(next_sample(usage.memory_bytes, limit), self._sample)
            return
        self._keeper.world.bus.publish(
            MemoryExceeded(
                at=self._keeper.world.clock.now(),
                service=self._keeper.spec.name,
                instance=self._keeper.name,
                memory_bytes=usage.memory_bytes,
                limit_bytes=limit,
            )
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


def probe_name(probe: Probe) -> str:
    """Name a probe for people: its kind and what it looks at, without what looks like a secret."""
    from svcctl.spec.secrecy import scrubbed, without_pairs_of_words  # noqa: PLC0415 - 1 ms

    target = {
        "http": scrubbed(probe.http or ""),
        "tcp": probe.tcp,
        "exec": " ".join(without_pairs_of_words(probe.exec)),
        "heartbeat": f"{probe.heartbeat:g}s" if probe.heartbeat else "",
        "log": probe.log,
        "checks": probe.checks,
    }.get(probe.kind)
    return f"{probe.kind} {target}"
