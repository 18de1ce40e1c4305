"""Who may do what on this machine: ``[access]`` as it was applied, asked before every verb."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from svcctl.app.applied_table import AppliedTable
from svcctl.app.selection import choose, service_of
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.auth.identity import Identity, Way
from svcctl.errors import Denied, SpecError, UnknownService
from svcctl.ports import Document, Store
from svcctl.wire import Selection

if TYPE_CHECKING:  # an agent without [access], asked on its own machine, has none of it in memory
    from svcctl.app.policy import Policy
    from svcctl.auth.oidc import Issuer
    from svcctl.auth.roles import Decision
    from svcctl.auth.signature import SignerKey
    from svcctl.spec.service import ServiceSpec

log = logging.getLogger(__name__)

_HERE = frozenset((Way.LOCAL, Way.INSIDE))

Specs = Callable[[], Mapping[str, "ServiceSpec"]]


class Access:
    """Says who may do what; *specs* gives the services there are.

    *owners* are actors that may do everything on this machine: root, and the agent's own user;
    None: whoever comes in.  No rule locks them out of looking, nor of applying another rule.
    """

    def __init__(self, *, store: Store, specs: Specs, owners: Collection[str] | None) -> None:
        self._applied, self._specs, self._owners = AppliedTable(store, "access"), specs, owners
        self._policy: Policy | None = None
        self._begin()

    # what is configured

    @property
    def kept(self) -> Document:
        """Give what was applied: ``spec``, ``origins`` and ``sources``."""
        return self._applied.read()

    def keep(self, document: Document | None) -> None:
        """Go on by *document*, as applied; None: only what is built in holds."""
        self._applied.write(document)
        self._begin()

    def _begin(self) -> None:
        kept = self.kept
        self._policy = None
        if kept:
            from svcctl.app.policy import closed, policy_of  # noqa: PLC0415 - see above

            try:
                self._policy = policy_of(kept)
            except SpecError as error:  # what another version wrote
                log.error("access.unreadable", extra={"problem": error.problem})
                self._policy = closed()

    @property
    def audits_looks(self) -> bool:
        """Whatever only reads is written down too, whoever asks."""
        return self._policy is not None and self._policy.audits_looks

    def role_names(self) -> tuple[str, ...]:
        """Give the roles there are: the built-in ones first."""
        return (*(str(each) for each in Role), *(self._policy.own if self._policy else ()))

    def trusted(self) -> tuple[tuple[Issuer, ...], dict[str, SignerKey]]:
        """Give whose tokens, and whose signed requests, are taken besides our own."""
        return (self._policy.issuers(), self._policy.signers()) if self._policy else ((), {})

    # who may

    def may_speak_for_others(self, identity: Identity) -> bool:
        """Whether *identity* may ask on behalf of who came in from elsewhere.

        Nobody gains by it: whom they speak for may do less than the owner of this machine.
        """
        return self._owns(identity)

    def insist(
        self, identity: Identity, verb: Verb, selection: Selection, args: Mapping[str, object]
    ) -> Selection:
        """Give what of *selection* they may; raises Denied.

        A look at everything becomes one at what they may see.
        """
        if identity.way in _HERE and self._policy is None:
            return selection
        if verb.local_only and identity.way not in _HERE:
            raise Denied(
                f"{verb.name!r} cannot be asked for from elsewhere",
                hint="do it on the machine itself",
            )
        if self._is_spared(identity, verb):
            return selection
        needs = needed(verb, args)
        if verb.name == "apply":
            self._insist_on_definitions(identity, verb, needs, args.get("services"))
            return selection
        if verb.selects is Selects.NONE:
            self._insist_on(identity, verb, needs, "", {})
            return selection
        return self._insist_on_services(identity, verb, needs, selection)

    def _insist_on_services(
        self, identity: Identity, verb: Verb, needs: Role, selection: Selection
    ) -> Selection:
        specs = self._specs()
        services = _meant(selection, specs)
        if not services:
            self._insist_on(identity, verb, needs, "", {})
            return selection
        may: list[str] = []
        may_look_at_some = selection.all and verb.effect is Effect.READ
        for name in services:
            labels = specs[name].labels if name in specs else {}
            decision = self.decide(identity, verb, needs, name, labels)
            if decision.allowed:
                may.append(name)
            elif not may_look_at_some or (not may and name == services[-1]):
                raise _denied(identity, verb, name, decision)
        return selection if may == services else replace(selection, names=tuple(may), all=False)

    def _insist_on_definitions(
        self, identity: Identity, verb: Verb, needs: Role, definitions: object
    ) -> None:
        """Insist for each service that is defined, as it is and as it is to be."""
        specs = self._specs()
        found = list(_labelled(definitions))
        for name, labels in found:
            known = [specs[name].labels] if name in specs else []
            for each in (labels, *known):
                self._insist_on(identity, verb, needs, name, each)
        if not found:
            self._insist_on(identity, verb, needs, "", {})

    def _insist_on(
        self, identity: Identity, verb: Verb, needs: Role, service: str, labels: Mapping[str, str]
    ) -> None:
        decision = self.decide(identity, verb, needs, service, labels)
        if not decision.allowed:
            raise _denied(identity, verb, service, decision)

    def _is_spared(self, identity: Identity, verb: Verb) -> bool:
        keeps_a_key = verb.effect is Effect.READ or verb.name == "apply"
        return keeps_a_key and self._owns(identity)

    def _owns(self, identity: Identity) -> bool:
        if identity.way is not Way.LOCAL:
            return False
        return self._owners is None or identity.actor in self._owners

    def decide(
        self,
        identity: Identity,
        verb: Verb,
        needs: Role,
        service: str,
        labels: Mapping[str, str],
    ) -> Decision:
        """Say whether *identity* may do *verb* to *service*, and why, rule by rule."""
        from svcctl.app.policy import policy_of  # noqa: PLC0415 - see above

        policy = self._policy or policy_of({})
        return policy.decide(
            identity,
            owns=self._owns(identity),
            verb=verb.name,
            needs=str(needs),
            service=service,
            labels=labels,
        )

    def explain(self, identity: Identity, verb: Verb, service: str) -> Decision:
        """Say whether *identity* may do *verb* to *service* (empty: to none), and why."""
        from svcctl.auth.roles import Decision, Step, Verdict  # noqa: PLC0415 - see above

        if verb.local_only and identity.way not in _HERE:
            why = f"{verb.name} is never answered to who asks from elsewhere"
            step = Step(rule="built in", verdict=Verdict.DENIES, why=why)
            return Decision(allowed=False, steps=(step,))
        if self._is_spared(identity, verb):
            why = "root and the agent's own user are not locked out"
            step = Step(rule="built in", verdict=Verdict.ALLOWS, why=why)
            return Decision(allowed=True, steps=(step,))
        known = self._specs().get(service)
        return self.decide(identity, verb, needed(verb, {}), service, known.labels if known else {})


def _meant(selection: Selection, specs: Mapping[str, ServiceSpec]) -> list[str]:
    """Give the services that are meant; a name alone may be that of something else, or of nothing.

    Raises UnknownService for a group, a glob or labels that nothing fits.
    """
    try:
        return sorted({service_of(each, specs) for each in choose(selection, specs)})
    except UnknownService:
        names = selection.names
        if selection.labels or any(sign in name for name in names for sign in "@*?["):
            raise
        return sorted(set(names))


def needed(verb: Verb, args: Mapping[str, object]) -> Role:
    """Give the role that *verb* needs with *args*: to say who may what is for admins alone."""
    further = any(isinstance(value, dict) and value for value in args.values())
    if verb.name == "apply" and (further or args.get("prune") is True):
        return Role.ADMIN
    return verb.role


def _labelled(definitions: object) -> Iterator[tuple[str, Mapping[str, str]]]:
    for each in cast("Iterable[object]", definitions if isinstance(definitions, list) else ()):
        if isinstance(each, dict):
            spec = each.get("spec")
            labels = spec.get("labels") if isinstance(spec, dict) else None
            yield str(each.get("name")), labels if isinstance(labels, dict) else {}


def _denied(identity: Identity, verb: Verb, service: str, decision: Decision) -> Denied:
    to = f" to {service!r}" if service else ""
    asked = f"svcctl auth explain {identity.actor} {verb.name}{f' {service}' if service else ''}"
    return Denied(
        f"{identity.actor} may not do {verb.name!r}{to}: {decision.reason}", hint=f"see: {asked}"
    )
