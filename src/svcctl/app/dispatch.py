"""From a verb's name to what carries it out: checked against the table, audited, never guessed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from svcctl.app.arguments import Arguments, check
from svcctl.app.verb import Effect, Selects, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.app.waiting import Emit
from svcctl.errors import SvcctlError, UsageError
from svcctl.ports import AuditLog, Clock
from svcctl.wire import Selection

Deed = Callable[[Selection, Arguments, Emit], Awaitable[object]]
"""Carries out one verb: gives its result, emits items meanwhile."""


class Witness(Protocol):
    """Sees verbs being carried out: counts them, or makes a trace of them."""

    def __call__(self, verb: str, *, actor: str) -> AbstractContextManager[object]:
        """Give a block around the verb; what leaves the block is how it failed."""


class Dispatch:
    """Carries out verbs for whoever may ask; every change is written to the audit log.

    Each of *witnesses* sees each verb that the table knows.
    """

    def __init__(
        self,
        deeds: Mapping[str, Deed],
        *,
        audit: AuditLog,
        clock: Clock,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        missing = {verb.name for verb in VERBS} ^ set(deeds)
        if missing:
            raise ValueError(f"verbs without a deed, or the reverse: {sorted(missing)}")
        self._deeds, self._audit, self._clock = deeds, audit, clock
        self._witnesses = witnesses

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        actor: str,
        emit: Emit,
    ) -> object:
        """Give the verb's result; raises UsageError for what the table does not know."""
        verb = find(name)
        if verb is None:
            raise UsageError(f"no verb {name!r}", hint="see: svcctl --help")
        with ExitStack() as stack:
            for witness in self._witnesses:
                stack.enter_context(witness(name, actor=actor))
            return await self._carry_out(verb, selection, args, actor, emit)

    async def _carry_out(
        self,
        verb: Verb,
        selection: Selection,
        args: Mapping[str, object],
        actor: str,
        emit: Emit,
    ) -> object:
        checked = check(verb, args, actor=actor)
        selection = _fitting(verb, selection)
        if verb.effect is Effect.READ:
            return await self._deeds[verb.name](selection, checked, emit)
        outcome = "crashed"
        try:
            result = await self._deeds[verb.name](selection, checked, emit)
            outcome = "done"
        except SvcctlError as error:
            outcome = error.code
            raise
        finally:
            self._audit.record(
                at=self._clock.now(),
                actor=actor,
                verb=verb.name,
                target=" ".join((*selection.names, *selection.labels)) or "*" * selection.all,
                outcome=outcome,
            )
        return result


def _fitting(verb: Verb, selection: Selection) -> Selection:
    match verb.selects:
        case Selects.NONE if not selection.empty:
            raise UsageError(f"{verb.name!r} takes no services")
        case Selects.ONE if len(selection.names) != 1:
            raise UsageError(f"{verb.name!r} takes exactly one service")
        case Selects.SOME if selection.empty:
            raise UsageError(
                f"{verb.name!r} needs to know which services",
                hint=f"svcctl {verb.name} NAME, @GROUP, -l LABEL=VALUE or --all",
            )
        case Selects.ANY if selection.empty:
            return Selection(all=True)
        case _:
            return selection
