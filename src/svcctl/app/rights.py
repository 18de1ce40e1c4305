"""Answers what the asker may do here: by the very decision that is made when they do it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from svcctl.app.access import DEFINING, MAY, Access, Specs, meant
from svcctl.app.arguments import Arguments
from svcctl.app.selection import choose
from svcctl.app.verb import Selects, Verb
from svcctl.app.waiting import Emit
from svcctl.errors import Denied
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.auth.identity import Identity


class Rights:
    """Says of the asker which verbs *access* lets them do, and to which of the services there are.

    Services they may do nothing to are left out: who may not see one is not told that it is there.
    """

    def __init__(self, access: Access, specs: Specs) -> None:
        self._access, self._specs = access, specs

    async def may(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give their roles, verbs about no service, and those for each; raises as the table says.

        Denied where they may do nothing to what they named.
        """
        from svcctl.app.verbs import VERBS  # noqa: PLC0415 - it knows who imports this

        del emit
        identity = args.asker
        assert identity is not None, "who asks is known to whoever let them in"
        about_none = [each for each in VERBS if each.selects is Selects.NONE]
        about_some = [each for each in VERBS if _is_about_services(each)]
        found = await self._to_each(identity, meant(selection, self._specs()), about_some)
        if not selection.all:
            self._insist_on_known(identity, selection, found)
        return {
            "actor": identity.actor,
            "way": str(identity.way),
            "roles": list(self._access.roles_of(identity)),
            "verbs": self._of(identity, about_none, ""),
            "grants": [
                {"services": services, "verbs": list(verbs)}
                for verbs, services in _together(found).items()
            ],
        }

    async def _to_each(
        self, identity: Identity, services: Iterable[str], verbs: Iterable[Verb]
    ) -> dict[str, list[str]]:
        """Give what may be done to each of *services*; others are answered meanwhile."""
        found: dict[str, list[str]] = {}
        same: list[str] | None = None
        for name in services:
            if same is None or self._access.tells_services_apart:
                same = self._of(identity, verbs, name)
                await asyncio.sleep(0)
            found[name] = same
        return found

    def _of(self, identity: Identity, verbs: Iterable[Verb], service: str) -> list[str]:
        """Give the verbs allowed; none where they may not even ask which."""
        found = [
            each.name for each in verbs if self._access.explain(identity, each, service).allowed
        ]
        return found if not service or MAY in found else []

    def _insist_on_known(
        self, identity: Identity, selection: Selection, found: Mapping[str, list[str]]
    ) -> None:
        """Raise Denied for what they may do nothing to, be it there or not, else UnknownService."""
        nothing = [name for name in selection.names if name in found and not found[name]]
        if nothing or not any(found.values()):
            named = " ".join(nothing[:1] or (*selection.names, *selection.labels))
            hint = f"see: svcctl auth explain {identity.actor} status {named}"
            raise Denied(f"{identity.actor} may do nothing to {named!r}", hint=hint)
        choose(selection, self._specs())


def _is_about_services(verb: Verb) -> bool:
    return verb.selects is not Selects.NONE or verb.name in DEFINING


def _together(found: Mapping[str, list[str]]) -> dict[tuple[str, ...], list[str]]:
    """Give the services by what may be done to them, nothing left out."""
    together: dict[tuple[str, ...], list[str]] = {}
    for name, verbs in found.items():
        if verbs:
            together.setdefault(tuple(verbs), []).append(name)
    return together
