"""Puts together what the detectors learn of the log of one service, and what they conclude."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from svcctl.detect.finding import Deviation, Finding, What
from svcctl.detect.novelty import Novelty
from svcctl.detect.rates import BUCKET, Rate
from svcctl.detect.ratios import ErrorRatio
from svcctl.detect.session_ids import session_id
from svcctl.detect.session_watch import SessionWatch
from svcctl.detect.silence import Silence
from svcctl.detect.templates import TemplateRelaxed, Templates

_QUOTED_ID = re.compile(r"'([0-9a-f]{12})'")
_ALL = "all lines"
_TRIES = 20  # lines of a template in a row without an id, after which none is looked for
_PER_RATE = frozenset((What.BURST, What.DROP, What.SILENCE))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWatchPolicy:
    """How a log is watched.

    *rated*: of how many templates the rate is known, *samples*: the last line.  *sessions*: whether
    ids are looked for in lines.  *unwatched*: so many seconds without a call, and nobody watched.
    *settling*: seconds after a start in which rates are no news.
    """

    rated: int = 200
    samples: int = 2_000
    sessions: bool = True
    unwatched: float = 120.0
    settling: float = 60.0


class LogWatch:
    """Watches the log of one service; to be called at least every few seconds, lines or none."""

    def __init__(self, service: str, policy: LogWatchPolicy | None = None) -> None:
        self._service = service
        self._policy = policy or LogWatchPolicy()
        self.templates = Templates()
        self._novelty = Novelty()
        self._rates: dict[str, Rate] = {_ALL: Rate(_ALL)}
        self._silences: dict[str, Silence] = {_ALL: Silence(_ALL)}
        self._errors = ErrorRatio(_ALL)
        self._sessions = SessionWatch()
        self._samples: dict[str, str] = {}
        self._without_id: Counter[str] = Counter()
        self._bucket: int | None = None
        self._counts: Counter[str] = Counter()
        self._failed = 0
        self._settled = 0.0

    def restarted(self, at: float) -> None:
        """Take note that the service was started: what it then says is as usual."""
        self._settled = at + self._policy.settling

    def read(self, lines: Sequence[str], *, at: float, failed: int = 0) -> list[Finding]:
        """Take the lines since the last call, *failed* of them errors; give what they show.

        *at* is now, in seconds since 1970, or when the lines were written if they are replayed.
        """
        found = self._close_buckets(at)
        ids = self.templates.learn(lines)
        found += self._news(len(lines), at)
        if len(self._samples) > self._policy.samples:
            self._samples.clear()
            self._without_id.clear()
        self._samples.update(zip(ids, lines, strict=True))
        self._counts.update(ids)
        self._failed += failed
        found += self._sessions_of(ids, lines, at)
        return [self._finding(each) for each in found]

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "templates": self.templates.state(),
            "novelty": self._novelty.state(),
            "rates": {key: each.state() for key, each in self._rates.items()},
            "silences": {key: each.state() for key, each in self._silences.items()},
            "errors": self._errors.state(),
            "sessions": self._sessions.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 1,
                "templates": dict(templates),
                "novelty": dict(novelty),
                "rates": dict(rates),
                "silences": dict(silences),
                "errors": dict(errors),
                "sessions": dict(sessions),
            }:
                self.templates.restore(templates)
                self._novelty.restore(novelty)
                self._errors.restore(errors)
                self._sessions.restore(sessions)
                self._rates = {key: Rate(key) for key in rates}
                self._silences = {key: Silence(key) for key in silences}
                for key, rate in self._rates.items():
                    rate.restore(rates[key])
                for key, silence in self._silences.items():
                    silence.restore(silences[key])
            case _:
                raise ValueError(f"no state of a log watch: {state.get('version')!r}")

    def _close_buckets(self, at: float) -> list[Deviation]:
        """Judge the buckets that have passed; those in which nobody watched are left out."""
        now = int(at // BUCKET)
        first = now if self._bucket is None else self._bucket
        if (now - first) * BUCKET > self._policy.unwatched:
            for silence in self._silences.values():
                silence.rest()
            self._counts.clear()
            first = now
        found: list[Deviation] = []
        for bucket in range(first, now):
            found += self._judge(bucket * BUCKET)
            self._counts.clear()
            self._failed = 0
        self._bucket = max(now, first)
        return found

    def _judge(self, begun: float) -> list[Deviation]:
        counts = self._resolved()
        total = sum(counts.values())
        counts[_ALL] = total
        for key in counts:
            if key not in self._rates and self._has_room():
                self._rates[key], self._silences[key] = Rate(key), Silence(key)
        found = [rate.add(counts[key], at=begun) for key, rate in self._rates.items()]
        for key, silence in self._silences.items():
            if counts[key]:
                silence.hear(begun)
            if total or key == _ALL:  # when all is silent, each one is no news
                found.append(silence.judge(begun + BUCKET))
        errors = self._errors.add(self._failed, total, at=begun)
        if begun < self._settled:
            return []
        return _without_sum([each for each in (*found, errors) if each], total=total)

    def _has_room(self) -> bool:
        """Whether one more rate can be known; one that sleeps makes room."""
        if len(self._rates) > self._policy.rated:
            asleep = (key for key, each in self._rates.items() if key != _ALL and each.is_asleep)
            self._drop(next(asleep, ""))
        return len(self._rates) <= self._policy.rated

    def _drop(self, key: str) -> None:
        self._rates.pop(key, None)
        self._silences.pop(key, None)

    def _resolved(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for key, count in self._counts.items():
            counts[self.templates.resolve(key)] += count
        return counts

    def _news(self, lines: int, at: float) -> list[Deviation]:
        self._novelty.count(lines, at=at)
        found = []
        for change in self.templates.take_changes():
            if isinstance(change, TemplateRelaxed):
                self._sessions.merge(change.absorbed, into=change.template.id)
                for gone in change.absorbed:
                    self._drop(gone)
            elif new := self._novelty.judge(change, at=at):
                found.append(new)
        return found

    def _sessions_of(self, ids: Iterable[str], lines: Iterable[str], at: float) -> list[Deviation]:
        if not self._policy.sessions:
            return []
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

    def _finding(self, found: Deviation) -> Finding:
        """Name the template where a rate knows but its id, and add the last line of it."""
        if found.what in _PER_RATE and (template := self.templates.get(found.subject)):
            found = replace(found, subject=template.text, pattern=template.id)
        if found.what is What.SESSION:
            found = replace(
                found, observed=self._named(found.observed), expected=self._named(found.expected)
            )
        sample = self._samples.get(found.pattern)
        samples = () if sample is None else (sample,)
        return Finding(service=self._service, deviation=found, samples=samples)

    def _named(self, text: str) -> str:
        """Put templates where their ids stand."""

        def name(id_quoted: re.Match[str]) -> str:
            template = self.templates.get(id_quoted[1])
            return f"'{template.text}'" if template else id_quoted[0]

        return _QUOTED_ID.sub(name, text)


def _without_sum(found: list[Deviation], *, total: int) -> list[Deviation]:
    """Tell of a burst by the templates that have it, and once if all there was has dropped."""
    burst = {each.subject for each in found if each.what is What.BURST}
    dropped = {each.subject for each in found if each.what is What.DROP}
    left_out = {(What.BURST, _ALL)} if burst > {_ALL} else set()
    if _ALL in dropped or not total:
        left_out |= {(What.DROP, each) for each in dropped - {_ALL}}
    return [each for each in found if (each.what, each.subject) not in left_out]
