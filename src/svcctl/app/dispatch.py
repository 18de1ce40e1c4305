"""From a verb's name to what carries it out: checked against the table, audited, never guessed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from svcctl.app.arguments import Arguments, check
from svcctl.app.asked import Asked
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Way, parse
from svcctl.errors import Denied, SvcctlError, UsageError
from svcctl.ports import AuditLog, Clock
from svcctl.wire import Selection

Deed = Callable[[Selection, Arguments, Emit], Awaitable[object]]
"""Carries out one verb: gives its result, emits items meanwhile."""

_HERE = frozenset((Way.LOCAL, Way.INSIDE))


class Witness(Protocol):
    """Sees verbs being carried out: counts them, or makes a trace of them."""

    def __call__(
        self, verb: str, *, actor: str, selection: Selection
    ) -> AbstractContextManager[object]:
        """Give a block around the verb; what leaves the block is how it failed."""


class Authority(Protocol):
    """Says who may do what."""

    @property
    def audits_looks(self) -> bool:
        """Whatever only reads is written down too, whoever asks."""

    def may_speak_for_others(self, identity: Identity) -> bool:
        """Whether *identity* may ask on behalf of who came in from elsewhere."""

    def insist(
        self, identity: Identity, verb: Verb, selection: Selection, args: Mapping[str, object]
    ) -> Selection:
        """Give what of *selection* they may; raises Denied."""


class Dispatch:
    """Carries out verbs for those who may, says *authority*.

    Every change is written to the audit log before it is made and once it is over, and so is
    whatever is refused.  What only reads is written down where it is asked for from elsewhere, or
    needs the role admin.  Each of *witnesses* sees each verb that the table knows.
    """

    def __init__(
        self,
        deeds: Mapping[str, Deed],
        *,
        authority: Authority,
        audit: AuditLog,
        clock: Clock,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        missing = {verb.name for verb in VERBS} ^ set(deeds)
        if missing:
            raise ValueError(f"verbs without a deed, or the reverse: {sorted(missing)}")
        self._deeds, self._authority = deeds, authority
        self._audit, self._clock = audit, clock
        self._witnesses = witnesses

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """Give the verb's result; raises Denied, UsageError for what the table does not know."""
        asked = self._asked(name, selection, args, identity)
        verb = find(name)
        if verb is None:
            error = UsageError(f"no verb {name!r}", hint="see: svcctl --help")
            asked.refused(error)
            raise error
        with ExitStack() as stack:
            for witness in self._witnesses:
                stack.enter_context(witness(name, actor=identity.actor, selection=selection))
            if self._is_noted(verb, identity, dry=args.get("dry_run") is True):
                stack.enter_context(asked.written_down())
                return await self._carry_out(verb, selection, args, identity, emit)
            try:
                return await self._carry_out(verb, selection, args, identity, emit)
            except Denied as error:
                asked.refused(error)
                raise

    def speaking_for(self, identity: Identity, document: Mapping[str, object]) -> Identity:
        """Give whom *identity* asks on behalf of, itself where *document* is empty.

        Raises Denied, audited, where it may not speak for others, or for one on this machine.
        """
        if not document:
            return identity
        other = parse(document)
        if not self._authority.may_speak_for_others(identity) or other.way in _HERE:
            error = Denied(f"{identity.actor} may not ask on behalf of {other.actor!r}")
            self.turn_away(identity, error)
            raise error
        return other

    def turn_away(self, identity: Identity, error: SvcctlError) -> None:
        """Write down that somebody was not even let in."""
        self._asked("connect", Selection(), {}, identity).refused(error)

    def _asked(
        self, name: str, selection: Selection, args: Mapping[str, object], identity: Identity
    ) -> Asked:
        return Asked(
            name, selection, args, identity=identity, audit=self._audit, now=self._clock.now
        )

    def _is_noted(self, verb: Verb, identity: Identity, *, dry: bool) -> bool:
        return (
            (verb.effect is not Effect.READ and not dry)
            or (verb.effect is Effect.READ and verb.role is Role.ADMIN)
            or identity.way not in _HERE
            or self._authority.audits_looks
        )

    async def _carry_out(
        self,
        verb: Verb,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        checked = check(verb, args, actor=identity.actor)
        selection = self._authority.insist(identity, verb, _fitting(verb, selection), args)
        return await self._deeds[verb.name](selection, checked, emit)


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
