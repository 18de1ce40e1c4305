"""Calls the hooks of a service: what its author wrote to be called as things happen to it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from svcctl.ports import Clock
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.happenings import Noted
from svcctl.sdk.waiting import failure, limited, wants_an_end

log = logging.getLogger(__name__)


class Hooks:
    """Calls them, each within its time.

    *noted* is told of every error that the service goes on after, *failed* of one that wants its
    end.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        *,
        clock: Clock,
        call: Callable[..., Awaitable[object]],
        failed: Callable[[str, BaseException], None],
        noted: Noted,
    ) -> None:
        self._hooks, self._limit = blueprint.hooks, blueprint.limits.hook
        self._clock, self._call = clock, call
        self._failed, self._noted = failed, noted

    async def call(self, name: str, *args: object, more: Mapping[str, object] | None = None) -> str:
        """Call a hook if there is one; say what went wrong, an empty text where nothing did."""
        hook = self._hooks.get(name)
        if hook is None:
            return ""
        error = await failure(self._limited(self._call(name, hook, *args, more=more)))
        if error is None:
            return ""
        if wants_an_end(error):
            self._failed(name, error)
        else:
            self._noted(name, error)
            log.error("hook.failed", exc_info=error, extra={"hook": name})
        from svcctl.sdk.redaction import shown_text  # noqa: PLC0415 - 4 ms, for what goes wrong

        return shown_text(f"{name} failed: {type(error).__name__}: {error}")

    async def _limited(self, work: Awaitable[object]) -> None:
        async with limited(self._clock, self._limit):
            await work
