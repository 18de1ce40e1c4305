"""What happens to services while a change of them is waited for: taken from the events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

from svcctl.errors import SvcctlError
from svcctl.wire import Request

_AT_ONCE = 1_000  # events


class Progress:
    """The events of the services that *request* changes, from when *operation* began on."""

    def __init__(self, request: Request, operation: Mapping[str, object]) -> None:
        begun_at = operation.get("begun_at")
        self._select, self._after = request.select, 0
        self._since = begun_at if isinstance(begun_at, int | float) else None

    def further(
        self, answers: Callable[[Request], Iterator[tuple[bool, object]]]
    ) -> Iterator[dict[str, object]]:
        """Give what happened since this was asked last; nothing to who may not see events."""
        if self._since is None or self._select.empty:
            return
        since = datetime.fromtimestamp(self._since, UTC).isoformat()
        args = {"since": since, "after": self._after, "lines": _AT_ONCE}
        try:
            for is_result, item in answers(Request(verb="events", select=self._select, args=args)):
                if not is_result and isinstance(item, dict):
                    self._after = max(self._after, cast("int", item.get("number", 0)))
                    yield item
        except SvcctlError:  # it is told on the way only: the outcome is told anyhow
            self._since = None
