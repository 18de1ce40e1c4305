"""Takes over definitions that a trusted key has signed: the one way to define from elsewhere.

Who asks needs a role, and what they bring a signature: neither alone defines what is run.  What is
signed names its hosts, holds for a while, and counts up: what was taken once, or is older than what
was, is refused, also after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from svcctl.app.arguments import Arguments
from svcctl.app.arguments import check as checked
from svcctl.app.dispatch import Deed
from svcctl.app.signed_statement import Statement, check, statement
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, Denied
from svcctl.ports import Clock, Store
from svcctl.wire import Selection

KIND = "spec-counter"
"""Under which the store has the last count of each key, by the key itself."""

_HINT = "sign it anew: svcctl spec sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whose signatures count: public keys (32 bytes) by their ids, and what *host* this is."""

    keys: Mapping[str, bytes]
    host: str


class SignedSpecs:
    """Has *apply* carry out what is signed; *trusted* gives None where that is not turned on."""

    def __init__(
        self,
        apply: Deed,
        *,
        trusted: Callable[[], Trusted | None],
        store: Store,
        clock: Clock,
    ) -> None:
        self._apply, self._trusted = apply, trusted
        self._store, self._clock = store, clock

    async def apply_signed(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Carry out the verb; nothing changes, and no count is taken, unless all of it is good."""
        key, said = await asyncio.to_thread(self._proven, args.values["bundle"])
        self._insist_on_next(key, said.counter)
        wanted = _arguments(said, args)
        planned = await self._apply(selection, _dry(wanted), emit)
        if args.flag("dry_run"):
            return planned
        self._insist_on_next(key, said.counter)  # another may have been taken meanwhile
        self._store.put(KIND, key, {"counter": said.counter})
        await self._store.settle()
        return await self._apply(selection, wanted, emit)

    def _proven(self, bundle: object) -> tuple[str, Statement]:
        """Give the key that signed *bundle*, as text, and what it says; raises Denied, UsageError.

        Blocks while what it needs is loaded.
        """
        trusted = self._trusted()
        if trusted is None:
            raise Denied(
                "signed definitions are not taken here",
                hint="turn it on, on the machine itself: [access] signed_specs = true",
            )
        from svcctl.auth.envelope import SPEC, opened  # noqa: PLC0415 - where it is turned on

        name, payload = opened(bundle, trusted.keys, kind=SPEC)
        said = statement(payload)
        check(said, host=trusted.host, now=self._clock.now())
        return trusted.keys[name].hex(), said

    def _insist_on_next(self, key: str, counter: int) -> None:
        known = next((each for name, each in self._store.items(KIND) if name == key), {})
        last = cast("int", known.get("counter", 0))
        if counter == last:
            raise Conflict("this was applied before", hint=_HINT)
        if counter < last:
            raise Conflict(f"it is number {counter}, and {last} was applied before", hint=_HINT)


def _arguments(said: Statement, asked: Arguments) -> Arguments:
    """Give the arguments of apply: of what is signed, and how long the asker waits."""
    from svcctl.app.verbs import find  # noqa: PLC0415 - it knows who imports this

    verb = find("apply")
    assert verb is not None
    waiting = {name: asked.values[name] for name in ("no_wait", "timeout")}
    return checked(verb, {"services": [], **said.apply, **waiting}, asker=asked.asker)


def _dry(args: Arguments) -> Arguments:
    return Arguments({**args.values, "dry_run": True}, args.asker)
