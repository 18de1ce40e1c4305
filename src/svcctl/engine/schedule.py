"""When a scheduled service is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from svcctl.ports import Clock, Timer
from svcctl.spec.policy import Schedule

_LONGEST = 3600.0  # seconds slept at once, so that a clock that was set is noticed


class LocalTime(tzinfo):
    """The machine's own time zone, with its clock changes past and to come.

    What ``datetime.astimezone()`` gives knows only the offset of one moment.
    """

    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        """Give the offset at *when*, a local time."""
        return None if when is None else when.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, when: datetime | None, /) -> timedelta | None:
        """Say nothing: what part of the offset is daylight saving matters to nobody here."""

    def tzname(self, when: datetime | None, /) -> str | None:
        """Give the name at *when*."""
        return None if when is None else when.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, when: datetime, /) -> datetime:
        """Give the local time of *when*, which is UTC whatever it says."""
        seconds = when.replace(tzinfo=UTC).timestamp()
        local = datetime.fromtimestamp(seconds)  # noqa: DTZ006 - local time is what is wanted
        return local.replace(microsecond=when.microsecond, tzinfo=self)


def next_due(
    schedule: Schedule, *, now: float, last_start: float | None, zone: tzinfo | None = None
) -> float | None:
    """Give when (seconds since 1970) the service is due next, from *now* on; None: never.

    ``every`` counts from the last start, without drift; runs missed meanwhile are one run, due now.
    ``cron`` is read in *zone*, by default local time, as cron(8) does around clock changes: a fixed
    time that is skipped comes right after the gap, one that happens twice counts the first time.
    """
    if schedule.every is not None:
        last = now if last_start is None else min(last_start, now)
        return max(now, last + schedule.every)
    from cronsim import CronSim  # noqa: PLC0415 - only scheduled services need it

    local = datetime.fromtimestamp(now, tz=zone or LocalTime())
    # in the second half of an hour that happens twice it begins with times of the first
    found = (due.timestamp() for due in CronSim(schedule.cron or "", local))
    return next((due for due in found if due > now), None)


class Ticker:
    """Calls *on_due* once, when the schedule is due."""

    def __init__(self, schedule: Schedule, *, clock: Clock, on_due: Callable[[], None]) -> None:
        self._schedule, self._clock, self._on_due = schedule, clock, on_due
        self._timer: Timer | None = None
        self.due_at: float | None = None

    def start(self, *, last_start: float | None) -> None:
        """Begin to wait."""
        self.due_at = next_due(self._schedule, now=self._clock.now(), last_start=last_start)
        self._sleep()

    def stop(self) -> None:
        """Wait no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.due_at = None

    def _sleep(self) -> None:
        if self.due_at is not None:
            left = max(self.due_at - self._clock.now(), 0.0)
            self._timer = self._clock.later(min(left, _LONGEST), self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self._clock.now()
        if self.due_at is not None and now < self.due_at:
            anew = next_due(self._schedule, now=now, last_start=None)
            if anew is not None:  # earlier where the clock was set back
                self.due_at = min(self.due_at, anew)
            self._sleep()
            return
        self._on_due()
