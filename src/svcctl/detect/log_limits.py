"""Holds the log of one service to limits that need nothing to be learnt: errors, and slowness."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, What
from svcctl.detect.limits import Limit, Share
from svcctl.detect.rates import BUCKET

REQUESTS, RECORDS, TIMES = "requests", "records", "99th percentile"
_SLOWEST = 0.01  # what a 99th percentile leaves out
_MOST = 2_000  # times of a bucket that are kept
_BUCKETS = 30


@dataclass(slots=True)
class Sums:
    """What the records of one bucket of time say; see `svcctl.detect.said.Said`."""

    records: int = 0
    failed: int = 0
    requests: int = 0
    broke: int = 0


class LogLimits:
    """Tells when more than *error_rate* fails, or one in a hundred takes longer than *latency*.

    An error rate of 1, and a latency of 0 seconds, is never exceeded.  Of services that log
    requests with their status, these count, and all records only where those are well.
    """

    def __init__(self, *, error_rate: float, latency: float) -> None:
        self._latency, self._error_rate = latency, error_rate
        self._requests = Limit(error_rate)
        self._records = Limit(error_rate, least=50, few=10)  # some logs are of errors alone
        self._slow = Limit(_SLOWEST)
        self._times: deque[list[float]] = deque(maxlen=_BUCKETS)

    def add(self, sums: Sums, took: Sequence[float], *, begun: float) -> list[Deviation]:
        """Take the bucket that began then; say what began to be too much with it."""
        broke = self._requests.add(sums.broke, sums.requests)
        failed = self._records.add(sums.failed, sums.records)
        found = []
        if broke:
            found.append(self._errors(REQUESTS, broke, begun=begun))
        elif failed and not self._requests.exceeded:
            found.append(self._errors(RECORDS, failed, begun=begun))
        self._times.append(sorted(took)[-_MOST:])
        limit = self._latency
        slow = self._slow.add(sum(each > limit for each in took) if limit else 0, len(took))
        if slow:
            found.append(self._slowness(slow, begun=begun))
        return found

    def rest(self) -> None:
        """Take note that nobody listened."""
        for each in (self._requests, self._records, self._slow):
            each.rest()
        self._times.clear()

    def is_over(self, key: str) -> bool:
        """Whether what was told under that name is within its limit again."""
        limits = {REQUESTS: self._requests, RECORDS: self._records, TIMES: self._slow}
        return key not in limits or not limits[key].exceeded

    def _errors(self, subject: str, share: Share, *, begun: float) -> Deviation:
        return Deviation(
            what=What.ERROR_RATIO,
            subject=subject,
            observed=f"{share.bad} of {share.among} failed in 5 minutes ({share.value:.1%})",
            expected=f"at most {self._error_rate:.1%}",
            since=self._since(begun),
            score=1.0 - self._error_rate / (2 * share.value),
        )

    def _slowness(self, share: Share, *, begun: float) -> Deviation:
        times = sorted(each for bucket in self._times for each in bucket)
        slowest = times[max(0, len(times) - 1 - int(share.among * _SLOWEST))]
        return Deviation(
            what=What.SLOW,
            subject=TIMES,
            observed=f"{slowest:.3g} s in 5 minutes ({share.bad} of {share.among} took longer "
            f"than {self._latency:g} s)",
            expected=f"at most {self._latency:g} s",
            since=self._since(begun),
            score=1.0 - self._latency / (2 * max(slowest, self._latency)),
        )

    def _since(self, begun: float) -> float:
        return begun + BUCKET - self._requests.seconds
