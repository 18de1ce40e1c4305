"""Tells when a service is restarted again and again, fast or slowly."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from svcctl.detect.finding import Deviation, What

_WITHIN = ((4, 600.0), (10, 21_600.0))
"""So many restarts within so many seconds are flapping."""

_MOST = max(count for count, _ in _WITHIN)


class Flapping:
    """Judges the restarts of one instance."""

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._restarts: deque[float] = deque(maxlen=_MOST)
        self._flaps = False

    def restart(self, at: float) -> Deviation | None:
        """Take note of a restart nobody asked for; say that flapping began with it, or None."""
        if self.has_settled(at):
            self._flaps = False
        self._restarts.append(at)
        if self._flaps:
            return None
        for count, within in _WITHIN:
            lately = [each for each in self._restarts if at - within < each <= at]
            if len(lately) >= count:
                self._flaps = True
                return self._deviation(lately, within)
        return None

    @property
    def flaps(self) -> bool:
        """Whether it was told, and has not settled since the last restart."""
        return self._flaps

    @property
    def settles_at(self) -> float:
        """When it will have settled, if no restart comes before."""
        return self._restarts[-1] + 3 * self._pace() if self._restarts else 0.0

    def state(self) -> dict[str, object]:
        """Give what was seen, as a value that JSON holds."""
        return {"version": 1, "restarts": list(self._restarts), "flaps": self._flaps}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave; raise ValueError for other."""
        match state:
            case {"version": 1, "restarts": list(restarts), "flaps": bool(flaps)}:
                self._restarts = deque(map(float, restarts), maxlen=_MOST)
                self._flaps = flaps
            case _:
                raise ValueError(f"no state of a flapping watch: {state.get('version')!r}")

    def has_settled(self, now: float) -> bool:
        """Whether the last restart is so long ago that the next would be news again."""
        if not self._restarts or now < self._restarts[-1]:  # the clock was set back
            return True
        return now > self.settles_at

    def _pace(self) -> float:
        """Give the mean time between the restarts, and ten minutes at the least."""
        if len(self._restarts) < 2:
            return _WITHIN[0][1]
        return max((self._restarts[-1] - self._restarts[0]) / (len(self._restarts) - 1), 600.0)

    def _deviation(self, lately: list[float], within: float) -> Deviation:
        seconds = lately[-1] - lately[0]
        return Deviation(
            what=What.FLAPPING,
            subject=self._instance,
            observed=f"{len(lately)} restarts in {seconds:.0f} s",
            expected=f"fewer than {len(lately)} in {within:.0f} s",
            since=lately[0],
            score=1.0 - 0.5 * seconds / within,
        )
