"""How the log of one service is watched, for all of its detectors from one learning period."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.detect.latency import LatencyPolicy
from svcctl.detect.line_rates import LineRatesPolicy
from svcctl.detect.novelty import NoveltyPolicy
from svcctl.detect.rates import BUCKET, RatePolicy
from svcctl.detect.session_watch import SessionPolicy
from svcctl.detect.silence import SilencePolicy

_DAY, _HOUR, _MINUTE = 86_400.0, 3_600.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWatchPolicy:
    """How a log is watched.

    *rated*, *timed*: of how many templates rate and latency are known, *samples*: the last line.
    *most_an_hour*: how many bursts, drops, silences and latencies of single templates are told.
    *sessions*: whether ids are looked for in lines.  *settling*: seconds after a start in which
    rates are no news.  *learning*: seconds after which news is told; a detector that needs less
    than a day takes less.  *error_rate*, *latency*: see `svcctl.detect.log_limits.LogLimits`.
    """

    rated: int = 200
    timed: int = 20
    samples: int = 2_000
    most_an_hour: int = 20
    sessions: bool = True
    settling: float = 60.0
    learning: float = _DAY
    error_rate: float = 0.05
    latency: float = 2.0

    @property
    def novelty(self) -> NoveltyPolicy:
        """How new templates are judged: who asks for more than a day is not content with lines."""
        lines = NoveltyPolicy().learning_lines if self.learning <= _DAY else 2**62
        return NoveltyPolicy(learning_seconds=self.learning, learning_lines=lines)

    @property
    def rates(self) -> LineRatesPolicy:
        """How rates and silences are judged."""
        buckets = int(self.learning / BUCKET)
        usual = SilencePolicy()
        return LineRatesPolicy(
            most=self.rated,
            rate=RatePolicy(memory=min(max(buckets, 6), RatePolicy().memory)),
            silence=SilencePolicy(
                least=min(max(self.learning, BUCKET), usual.least),
                learning=min(max(buckets, 3), usual.learning),
                span=min(self.learning, _HOUR),
            ),
        )

    @property
    def latencies(self) -> LatencyPolicy:
        """How latencies are judged."""
        minutes = int(self.learning / _MINUTE)
        return LatencyPolicy(learning=min(max(minutes, 3), LatencyPolicy().learning))

    @property
    def session(self) -> SessionPolicy:
        """How sessions are judged."""
        least = SessionPolicy().least if self.learning >= _HOUR else 50
        return SessionPolicy(seconds=self.learning, least=least)
