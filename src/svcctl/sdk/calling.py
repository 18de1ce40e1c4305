"""Calls what an author wrote with what it asks for: by the names of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial

from svcctl.errors import UsageError
from svcctl.sdk.resources import called

OFFERED = frozenset({"ctx", "changed"})
"""Parameters that are given by name to whoever has them."""

Call = Callable[..., object]


def fitted(name: str, call: Call, *, given: int) -> tuple[int, frozenset[str]]:
    """Give how many of *given* arguments *call* takes, and which of those offered it asks for.

    One that takes fewer than are given gets the first of them.  Raises UsageError where it wants
    what nobody has.
    """
    plain, offered, takes_all = 0, set[str](), False
    for each in inspect.signature(call).parameters.values():
        if each.kind is each.VAR_POSITIONAL:
            takes_all = True
        elif each.kind is each.VAR_KEYWORD:
            continue
        elif each.name in OFFERED:
            offered.add(each.name)
        elif each.kind is not each.KEYWORD_ONLY and plain < given:
            plain += 1
        elif each.default is each.empty:
            raise UsageError(
                f"{name}() wants {each.name!r}, which nobody gives it",
                hint="remove it, give it a default, or call it ctx for the context",
            )
    return (given if takes_all else plain), frozenset(offered)


class Caller:
    """Calls jobs, hooks and checks: *context* for coroutine functions, *plain* for threads."""

    def __init__(self, context: object, plain: object) -> None:
        self._context, self._plain = context, plain

    async def call(
        self, name: str, call: Call, *args: object, more: Mapping[str, object] | None = None
    ) -> object:
        """Make a call and give its result: a coroutine function here, others in a thread."""
        return await called(name, self.bound(name, call, *args, more=more))

    def bound(
        self, name: str, call: Call, *args: object, more: Mapping[str, object] | None = None
    ) -> Call:
        """Give *call* with all it asks for, to be called with nothing."""
        count, wanted = fitted(name, call, given=len(args))
        mine = self._context if inspect.iscoroutinefunction(call) else self._plain
        offered = {"ctx": mine, "changed": frozenset[str](), **(more or {})}
        return partial(call, *args[:count], **{each: offered[each] for each in sorted(wanted)})
