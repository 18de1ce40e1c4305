"""From a verb's name to what carries it out: checked against the table, audited, never guessed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Protocol

from svcctl.app.arguments import Arguments, check
from svcctl.app.asked import Asked
from svcctl.app.shared import Asker, RecordAll, look_for_all
from svcctl.app.still_allowed import StillAllowed
from svcctl.app.unseen import OF_EVERY_SERVICE, without_unseen
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.app.waiting import Emit, Nobody
from svcctl.auth.identity import Identity, Way, parse
from svcctl.errors import Denied, SvcctlError, UnknownService, UsageError
from svcctl.ports import AuditEntry, AuditLog, Clock
from svcctl.wire import Selection

CONNECT = "connect"
"""What stands in the audit log where somebody was refused before they could ask for anything."""

Deed = Callable[[Selection, Arguments, Emit], Awaitable[object]]
"""Carries out one verb: gives its result, emits items meanwhile."""

_HERE = frozenset((Way.LOCAL, Way.INSIDE))


class Witness(Protocol):
    """Sees verbs being carried out: counts them, or makes a trace of them."""

    def __call__(
        self, verb: str, *, actor: str, selection: Selection, times: int = 1
    ) -> AbstractContextManager[object]:
        """Give a block around the verb; what leaves the block is how it failed.

        *times*: how often *actor* asks for it at once, which is carried out together.
        """


class Authority(Protocol):
    """Says who may do what."""

    @property
    def audits_looks(self) -> bool:
        """Whatever only reads is written down too, whoever asks."""

    @property
    def version(self) -> int:
        """Another one each time other rules hold."""

    def may_speak_for_others(self, identity: Identity) -> bool:
        """Whether *identity* may ask on behalf of who came in from elsewhere."""

    def insist_it_holds(self, identity: Identity, *, said_by: Identity) -> None:
        """Raise Denied where nothing shows any more that *said_by* speaks for *identity*."""

    def insist(
        self, identity: Identity, verb: Verb, selection: Selection, args: Mapping[str, object]
    ) -> Selection:
        """Give what of *selection* they may; raises Denied."""

    def may(self, identity: Identity, verb: Verb, service: str) -> bool:
        """Whether *identity* may do *verb* to *service*."""

    def as_told(self, identity: Identity, error: UnknownService) -> UnknownService:
        """Give *error* without what *identity* may not see."""


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
        record_all: RecordAll | None = None,
        elsewhere: Mapping[str, Deed] | None = None,
    ) -> None:
        """*elsewhere* are for those who ask from there (None: the same)."""
        missing = {verb.name for verb in VERBS} ^ set(deeds)
        if missing:
            raise ValueError(f"verbs without a deed, or the reverse: {sorted(missing)}")
        self._deeds, self._elsewhere = deeds, elsewhere or deeds
        self._authority = authority
        self._audit, self._clock = audit, clock
        self._witnesses = tuple(witnesses)
        self._record_all = record_all or self._record_each

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

    async def carry_out_for_all(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identities: Sequence[tuple[Identity | SvcctlError, int]],
    ) -> list[object]:
        """Give each of *identities* what :meth:`carry_out` would give, or raise, them alone.

        Each asks as many times as the number beside it says: so often it is written down.  An error
        among them is given back.  Raises UsageError for a verb that is not shared.
        """
        verb = find(name)
        if verb is None or not verb.shared:
            raise UsageError(f"{name!r} is not answered to several at once")
        checked = check(verb, args)
        known = [(who, times) for who, times in identities if isinstance(who, Identity)]

        def asker(identity: Identity, times: int) -> Asker:
            def may() -> Selection:
                return self._authority.insist(identity, verb, _fitting(verb, selection), args)

            asked = [self._asked(name, selection, args, identity) for _ in range(times)]
            told = partial(self._authority.as_told, identity)
            return Asker(asked=tuple(asked), may=may, told=told)

        async def look(allowed: Selection) -> object:
            from svcctl.app.withheld import shown_elsewhere  # noqa: PLC0415 - as above

            result = await self._elsewhere[verb.name](allowed, checked, Nobody())
            return shown_elsewhere(verb.name, result)

        with ExitStack() as stack:
            for identity, times in known:
                for witness in self._witnesses:
                    seen = witness(name, actor=identity.actor, selection=selection, times=times)
                    stack.enter_context(seen)
            askers = [asker(*each) for each in known]
            found = iter(await look_for_all(askers, look, record_all=self._record_all))
        return [next(found) if isinstance(who, Identity) else who for who, _ in identities]

    def _record_each(self, entries: Sequence[AuditEntry]) -> None:
        for each in entries:
            self._audit.record(each)

    def speaking_for(self, identity: Identity, document: Mapping[str, object]) -> Identity:
        """Give whom *identity* asks on behalf of, itself where *document* is empty.

        Raises Denied, audited, where it may not speak for others, or for one on this machine, and
        where what showed who the other is was revoked, or vouches for less.
        """
        if not document:
            return identity
        other = parse(document)
        if not self._authority.may_speak_for_others(identity) or other.way in _HERE:
            error = Denied(f"{identity.actor} may not ask on behalf of {other.actor!r}")
            self.turn_away(identity, error)
            raise error
        try:
            self._authority.insist_it_holds(other, said_by=identity)
        except Denied as error:
            self.turn_away(other, error)
            raise
        return other

    def turn_away(self, identity: Identity, error: SvcctlError) -> None:
        """Write down that somebody was not even let in."""
        self._asked(CONNECT, Selection(), {}, identity).refused(error)

    def note_refusal(
        self, name: str, *, selection: Selection, identity: Identity, error: SvcctlError
    ) -> None:
        """Write down that *identity* asked for a verb, and that who speaks for them refused it."""
        self._asked(name, selection, {"reason": error.problem}, identity).refused(error)

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
        checked = check(verb, args, asker=identity)
        insist = partial(self._authority.insist, identity, verb, _fitting(verb, selection), args)
        selection = insist()
        may = partial(self._authority.may, identity, verb)
        if verb.streams:
            emit = self._while_allowed(emit, may=may, insist=insist)
        if identity.way in _HERE:
            result = await self._deeds[verb.name](selection, checked, emit)
        else:
            result = await self._asked_elsewhere(verb, selection, checked, identity, emit)
        return without_unseen(verb.name, result, may) if verb.name in OF_EVERY_SERVICE else result

    async def _asked_elsewhere(
        self,
        verb: Verb,
        selection: Selection,
        args: Arguments,
        identity: Identity,
        emit: Emit,
    ) -> object:
        try:
            result = await self._elsewhere[verb.name](selection, args, emit)
        except UnknownService as error:
            raise self._authority.as_told(identity, error) from None
        from svcctl.app.withheld import shown_elsewhere  # noqa: PLC0415 - most ask from here

        return shown_elsewhere(verb.name, result)

    def _while_allowed(
        self, emit: Emit, *, may: Callable[[str], bool], insist: Callable[[], object]
    ) -> Emit:
        return StillAllowed(
            emit,
            may=may,
            insist=insist,
            version=lambda: self._authority.version,
            now=self._clock.monotonic,
        )


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
