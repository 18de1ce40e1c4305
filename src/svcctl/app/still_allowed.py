"""Hands on a stream as far as its reader may have it now: rules change, and services are added."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from svcctl.app.waiting import Emit

_HOLDS = 1.0
"""Seconds that an answer about one service is taken for current: its labels may have changed."""


class StillAllowed:
    """Takes items for *emit*, and leaves out those about services that *may* says no to.

    *version* is another one once there are other rules: then *insist* is called, whose Denied ends
    the stream.  *now* gives seconds that never jump.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        may: Callable[[str], bool],
        insist: Callable[[], object],
        version: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._emit, self._may, self._insist = emit, may, insist
        self._version, self._now = version, now
        self._seen = version()
        self._known: dict[str, bool] = {}
        self._asked_at = now()

    def __call__(self, item: object) -> None:
        """Hand over *item*, or leave it out; raises what *insist* does."""
        self._look_anew()
        if self._may_have(item):
            self._emit(item)

    async def room(self) -> None:
        """See :class:`svcctl.app.waiting.Emit`; raises what *insist* does."""
        self._look_anew()
        await self._emit.room()

    def _look_anew(self) -> None:
        version = self._version()
        if version != self._seen:
            self._seen = version
            self._known.clear()
            self._insist()

    def _may_have(self, item: object) -> bool:
        service = item.get("service") if isinstance(item, Mapping) else None
        if not isinstance(service, str) or not service:
            return True
        now = self._now()
        if now - self._asked_at >= _HOLDS:
            self._asked_at = now
            self._known.clear()
        found = self._known.get(service)
        if found is None:
            found = self._known[service] = self._may(service)
        return found
