"""The probes of one instance: watched, judged, told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from svcctl.contact import Notice
from svcctl.engine.judge import Verdict, judge
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Phase, Told
from svcctl.engine.probes.sources import Check, Heartbeat, LogMatch, Poll, Source
from svcctl.engine.probes.tcp import check_tcp
from svcctl.events import ProbeFailed, ProbePassed
from svcctl.ports import Cancel
from svcctl.spec.probe import OnFail, Probe, Purpose

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


class Probing:
    """Watches probes on behalf of a keeper, and remembers the verdict of each.

    *hear* has somebody told of what the program says of itself, as heartbeats need it.
    """

    def __init__(
        self, keeper: Keeping, *, hear: Callable[[Callable[[Notice], None]], Cancel]
    ) -> None:
        self._keeper, self._hear = keeper, hear
        self._verdicts: dict[Probe, Verdict] = {}
        self._took: dict[Probe, float] = {}
        self._sources: list[Source] = []

    # what they say

    @property
    def ready(self) -> bool:
        """No ready probe has a bad verdict."""
        return False not in self._verdicts_for(Purpose.READY)

    @property
    def live(self) -> bool | None:
        """What the live probes say together; None where there is none, or no verdict yet."""
        found = self._verdicts_for(Purpose.LIVE)
        if not found or (None in found and False not in found):
            return None
        return all(found)

    @property
    def healthy(self) -> bool:
        """Every live probe has said so; without any, nothing speaks against it."""
        probes = [each for each in self._keeper.spec.health if each.purpose is Purpose.LIVE]
        found = self._verdicts_for(Purpose.LIVE)
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

    def _verdicts_for(self, purpose: Purpose) -> list[bool | None]:
        return [
            verdict.good for probe, verdict in self._verdicts.items() if probe.purpose is purpose
        ]

    # watched

    def watch(
        self, probe: Probe, *, on_good: Callable[[], None] | None = None, eager: bool = False
    ) -> None:
        """Watch *probe*, *eager* as the program starts; tell *on_good* once it turns good."""
        self._verdicts.setdefault(probe, Verdict())
        source = self._source(probe, eager=eager)
        self._sources.append(source)
        source.start(lambda problem: self._checked(probe, problem, on_good))

    def unwatch(self) -> None:
        """Watch none any more; what they have said is remembered."""
        for source in self._sources:
            source.stop()
        self._sources.clear()

    def forget(self) -> None:
        """Forget what they have said."""
        self._verdicts.clear()
        self._took.clear()

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

    # judged

    def _checked(self, probe: Probe, problem: str, on_good: Callable[[], None] | None) -> None:
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
            self._turned_good(probe, on_good)
        elif after.good is False and self._keeper.state.phase is Phase.RUNNING:
            # while it starts, failing is what such a probe is expected to do
            self._turned_bad(probe, problem)

    def _grace_left(self, probe: Probe) -> float:
        """Give the seconds in which failures of *probe* do not count yet."""
        if probe.purpose is not Purpose.LIVE:
            return 0.0
        age = self._keeper.world.clock.monotonic() - self._keeper.state.spawned_at
        return max(0.0, probe.grace - age)

    def _turned_good(self, probe: Probe, on_good: Callable[[], None] | None) -> None:
        name, purpose = probe_name(probe), probe.purpose
        self._keeper.world.bus.publish(
            ProbePassed(**self._keeper.occasion(), probe=name, purpose=purpose)
        )
        if on_good:
            on_good()

    def _turned_bad(self, probe: Probe, problem: str) -> None:
        name, purpose = probe_name(probe), probe.purpose
        self._keeper.world.bus.publish(
            ProbeFailed(**self._keeper.occasion(), probe=name, purpose=purpose, problem=problem)
        )
        if purpose is Purpose.LIVE and probe.on_fail is OnFail.RESTART:
            reason = f"live probe {probe.kind} failed: {problem}"
            self._keeper.tell(Told.PROBE_FAILED, reason=reason)


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
