"""Puts together what the detectors learn of the log of one service, and what they conclude."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from svcctl.detect.finding import Deviation, Finding, What
from svcctl.detect.ledger import Ledger
from svcctl.detect.line_rates import ALL, LineRates
from svcctl.detect.line_times import LineTimes
from svcctl.detect.log_limits import LogLimits, Sums
from svcctl.detect.log_samples import LogSamples
from svcctl.detect.log_watch_policy import LogWatchPolicy
from svcctl.detect.novelty import Novelty
from svcctl.detect.pace import Pace
from svcctl.detect.rates import BUCKET
from svcctl.detect.ratios import ErrorRatio
from svcctl.detect.said import Said
from svcctl.detect.session_ids import session_id
from svcctl.detect.session_watch import SessionWatch
from svcctl.detect.templates import TemplateRelaxed, Templates

_TRIES = 20  # lines of a template in a row without an id, after which none is looked for
_PER_TEMPLATE = frozenset((What.BURST, What.DROP, What.SILENCE, What.LATENCY))
_ONE_BY_ONE = 36  # buckets without a line that are judged one by one


@dataclass(slots=True)
class _Bucket:
    """What came in ten seconds."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: Sums = field(default_factory=Sums)
    took: dict[str, list[float]] = field(default_factory=dict)
    unread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How much has been learnt: *since* when (seconds since 1970), from how many *lines*.

    *of_lines*, *of_sessions*: whether a new line, and an unusual session, is news by now.
    """

    since: float | None
    lines: int
    templates: int
    sessions: int
    of_lines: bool
    of_sessions: bool


class LogWatch:
    """Watches the log of one service; to be asked again when it is `due`, lines or none."""

    def __init__(self, service: str, policy: LogWatchPolicy | None = None) -> None:
        self._policy = policy or LogWatchPolicy()
        self.templates = Templates()
        self._novelty = Novelty(self._policy.novelty)
        self._rates = LineRates(self._policy.rates)
        self._times = LineTimes(self._policy.latencies, most=self._policy.timed)
        self._errors = ErrorRatio(ALL, self._policy.rates.rate)
        self._limits = LogLimits(error_rate=self._policy.error_rate, latency=self._policy.latency)
        self._sessions = SessionWatch(self._policy.session)
        self._ledger = Ledger()
        self._pace = Pace(self._policy.most_an_hour)
        self._samples = LogSamples(service, self.templates, most=self._policy.samples)
        self._without_id: Counter[str] = Counter()
        self._begun: int | None = None
        self._bucket = _Bucket()
        self._empty = 0  # buckets in a row
        self._settled = 0.0

    def restarted(self, at: float) -> None:
        """Take note that the service was started: what it then says is as usual."""
        self._settled = at + self._policy.settling

    def rest(self) -> None:
        """Take note that nobody listened, or the service did not run: that was no silence."""
        self._begun, self._bucket, self._empty = None, _Bucket(), 0
        for each in (self._rates, self._times, self._limits, self._sessions):
            each.rest()

    def miss(self, lines: float, *, at: float) -> list[Finding]:
        """Take note that about so many lines were not read; give what the time till now shows."""
        found = self._pass_time(at)
        if lines:
            self._bucket.unread += lines
            self._sessions.rest()
        return self._news_of(found, at)

    def read(self, lines: Sequence[str], *, at: float, said: Said | None = None) -> list[Finding]:
        """Take the lines since the last call, and what they *said*; give what they show.

        *at* is now, in seconds since 1970, or when the lines were written if they are replayed.
        Without *said* each line is a record, and none an error.
        """
        found = self._pass_time(at)
        ids = self.templates.learn(lines)
        found += self._news(len(lines), at)
        self._take(ids, lines, said or Said(records=len(lines)))
        self._ledger.see(self._bucket.counts.keys(), at=at)
        if not self._bucket.unread:
            found += self._sessions_of(ids, lines, at)
        return self._news_of(found, at)

    def over(self, at: float) -> list[Finding]:
        """Give what was found and is over by *at*; each once."""
        return self._ledger.over(self._is_over, at=at)

    def recall(self, finding: Finding, *, at: float, now: float) -> None:
        """Take up what was found *at* some time before a restart and is not over, as far as known.

        It is over two minutes from *now* at the earliest, when enough of what goes on was seen.
        """
        self._ledger.recall(finding, at=at, now=now)

    @property
    def due(self) -> float:
        """When it is to be asked again though no line came, in seconds since 1970."""
        if self._begun is not None and self._waits():
            return (self._begun + 1) * BUCKET
        silent = self._rates.due
        if math.isfinite(silent):
            silent = (silent // BUCKET + 1) * BUCKET
        return min(silent, self._ledger.expires)

    def _waits(self) -> bool:
        """Whether the end of this bucket may show something."""
        if self._bucket.counts or self._bucket.unread or self._sessions.is_open:
            return True
        return self._ledger.lasts or (self._empty < _ONE_BY_ONE and self._rates.may_drop)

    def known(self, at: float) -> Known:
        """Say how much has been learnt by *at*."""
        return Known(
            since=self._novelty.began,
            lines=self._novelty.lines,
            templates=len(self.templates),
            sessions=self._sessions.learnt,
            of_lines=self._novelty.has_learnt(at),
            of_sessions=self._sessions.has_learnt(at),
        )

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 2,
            "templates": self.templates.state(),
            "novelty": self._novelty.state(),
            "rates": self._rates.state(),
            "times": self._times.state(),
            "errors": self._errors.state(),
            "sessions": self._sessions.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 2,
                "templates": dict(templates),
                "novelty": dict(novelty),
                "rates": dict(rates),
                "times": dict(times),
                "errors": dict(errors),
                "sessions": dict(sessions),
            }:
                self.templates.restore(templates)
                self._novelty.restore(novelty)
                self._rates.restore(rates)
                self._times.restore(times)
                self._errors.restore(errors)
                self._sessions.restore(sessions)
                self.rest()
            case _:
                raise ValueError(f"no state of a log watch: {state.get('version')!r}")

    def _pass_time(self, at: float) -> list[Deviation]:
        """Judge the buckets that have passed; a long time without a line at once."""
        now = int(at // BUCKET)
        begun = now if self._begun is None or now < self._begun else self._begun
        found: list[Deviation] = []
        for bucket in range(begun, now):
            if self._empty >= _ONE_BY_ONE and not self._bucket.counts and not self._bucket.unread:
                self._rates.skip(now - 1 - bucket)
                found += self._judge((now - 1) * BUCKET)
                break
            found += self._judge(bucket * BUCKET)
        self._begun = now
        return found

    def _judge(self, begun: float) -> list[Deviation]:
        bucket, self._bucket = self._bucket, _Bucket()
        counts = self._resolved(bucket.counts)
        took: dict[str, list[float]] = {}
        for key, seconds in bucket.took.items():
            took.setdefault(self.templates.resolve(key), []).extend(seconds)
        self._empty = 0 if counts or bucket.unread else self._empty + 1
        found = self._rates.judge(counts, begun=begun, unread=bucket.unread)
        found += self._times.take(took, begun=begun)
        sums = bucket.sums
        if errors := self._errors.add(sums.failed, sums.records, at=begun):
            found.append(errors)
        settled = found if begun >= self._settled else []
        every = [each for seconds in took.values() for each in seconds]
        return settled + self._limits.add(sums, every, begun=begun)

    def _resolved(self, counts: Counter[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for key, count in counts.items():
            found[self.templates.resolve(key)] += count
        return found

    def _take(self, ids: Sequence[str], lines: Sequence[str], said: Said) -> None:
        self._samples.take(ids, lines)
        bucket = self._bucket
        bucket.counts.update(ids)
        bucket.sums.records += said.records
        bucket.sums.failed += len(said.failed)
        bucket.sums.requests += said.requests
        bucket.sums.broke += said.broke
        self._samples.take_failed([lines[each] for each in said.failed])
        for place in said.failed:
            self._rates.welcome_less(ids[place])
        for place, seconds in said.took.items():
            bucket.took.setdefault(ids[place], []).append(seconds)
        slow = self._policy.latency or math.inf
        self._samples.take_slow(lines[at] for at, took in said.took.items() if took > slow)

    def _news(self, lines: int, at: float) -> list[Deviation]:
        self._novelty.count(lines, at=at)
        found = []
        for change in self.templates.take_changes():
            if isinstance(change, TemplateRelaxed):
                self._sessions.merge(change.absorbed, into=change.template.id)
                self._rates.drop(change.absorbed)
                self._times.drop(change.absorbed)
            elif new := self._novelty.judge(change, at=at):
                found.append(new)
        return found

    def _sessions_of(self, ids: Iterable[str], lines: Iterable[str], at: float) -> list[Deviation]:
        if not self._policy.sessions:
            return []
        if len(self._without_id) > self._policy.samples:
            self._without_id.clear()
        for template, line in zip(ids, lines, strict=True):
            if self._without_id[template] >= _TRIES:
                continue
            session = session_id(line)
            if session is None:
                self._without_id[template] += 1
            else:
                self._without_id[template] = 0
                self._sessions.add(session, self.templates.resolve(template), at=at)
        return self._sessions.close(at)

    def _news_of(self, found: Iterable[Deviation], at: float) -> list[Finding]:
        findings = [self._samples.finding(each) for each in found if self._passes(each, at)]
        return [each for each in findings if self._ledger.take(each, at=at)]

    def _passes(self, found: Deviation, at: float) -> bool:
        """Whether there is room for one more: an outage changes a hundred templates at once."""
        if found.subject == ALL or found.what not in _PER_TEMPLATE:
            return True
        return self._pace.passes(at)

    def _is_over(self, what: What, key: str) -> bool:
        match what:
            case What.LATENCY:
                return self._times.is_over(key)
            case What.SLOW:
                return self._limits.is_over(key)
            case What.ERROR_RATIO:
                return self._errors.is_calm if key == ALL else self._limits.is_over(key)
            case _:
                return self._rates.is_over(what, key)
