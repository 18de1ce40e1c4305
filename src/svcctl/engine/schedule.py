"""When a scheduled service is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from svcctl.ports import Clock, Timer
from svcctl.spec.policy import Schedule

_LONGEST = 3600.0  # seconds slept at once, so that a clock that was set is noticed


def next_due(
    schedule: Schedule, *, now: float, last_start: float | None, zone: tzinfo | None = None
) -> float:
    """Give when (seconds since 1970) the service is due next, after *now*.

    ``every`` counts from the last start, without drift; runs missed meanwhile are one run, due now.
    ``cron`` is read in *zone*, by default local time, as cron(8) does around clock changes.
    """
    if schedule.every is not None:
        return max(now, last_start + schedule.every) if last_start else now + schedule.every
    from cronsim import CronSim  # noqa: PLC0415 - only scheduled services need it

    local = datetime.fromtimestamp(now, tz=zone).astimezone(zone)
    due: datetime = next(CronSim(schedule.cron or "", local))
    return due.timestamp() if due.timestamp() > now else now + timedelta(minutes=1).seconds


class Ticker:
    """Calls *on_due* once, when the schedule is due."""

    def __init__(self, schedule: Schedule, *, clock: Clock, on_due: Callable[[], None]) -> None:
        self._schedule, self._clock, self._on_due = schedule, clock, on_due
        self._timer: Timer | None = None
        self.due_at: float | None = None

    def start(self, *, last_start: float | None) -> None:
        """Begin to wait."""
        now = self._clock.now()
        self.due_at = next_due(self._schedule, now=now, last_start=last_start)
        self._sleep()

    def stop(self) -> None:
        """Wait no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.due_at = None

    def _sleep(self) -> None:
        assert self.due_at is not None
        left = self.due_at - self._clock.now()
        self._timer = self._clock.later(min(max(left, 0.0), _LONGEST), self._wake)

    def _wake(self) -> None:
        if self.due_at is not None and self._clock.now() < self.due_at:
            self._sleep()
            return
        self._timer = None
        self._on_due()
