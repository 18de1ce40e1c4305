"""Who may do what on this machine: ``[access]`` as it was applied, asked before every verb."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from svcctl.app.applied_table import AppliedTable
from svcctl.app.selection import choose, is_instance, is_pattern, service_of
from svcctl.app.unseen import denied, nothing_fits, refusal
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.app.verbs import find
from svcctl.auth.identity import Identity, Way
from svcctl.auth.listening import Listeners
from svcctl.errors import Denied, SpecError, UnknownService, UsageError
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

SIGNED = "apply-signed"
"""The verb whose definitions a key has signed; what is asked of the asker is asked all the same."""

DEFINING = frozenset(("apply", SIGNED))
"""Verbs about each service that is defined in what they are given."""

TRUST = "trust"
"""The verb that those who serve others may ask for themselves."""

MAY = "may"
"""The verb that tells somebody what they may do: whoever may do anything may ask."""

_FOR_ITSELF = f"who serves others asks for nothing but {TRUST!r} for itself"

Specs = Callable[[], Mapping[str, "ServiceSpec"]]


class Access:
    """Says who may do what; *specs* gives the services there are.

    *owners* are actors that may do everything on this machine: root, and the agent's own user;
    None: whoever comes in, but for fronts.  No rule locks them out of looking, nor of applying
    another rule.
    """

    def __init__(
        self,
        *,
        store: Store,
        specs: Specs,
        owners: Collection[str] | None,
        itself: str = "",
        still_holds: Callable[[Identity], None] | None = None,
        issued: Callable[[str], Document | None] = lambda _: None,
    ) -> None:
        """*itself* is the actor that the agent is, an owner whatever it is named.

        *still_holds* raises Denied where what showed who somebody is was revoked, *issued* gives
        what is known of a token of this host by its id.
        """
        self._applied, self._specs, self._owners = AppliedTable(store, "access"), specs, owners
        self._itself, self._still_holds, self._issued = itself, still_holds, issued
        self._policy: Policy | None = None
        self.version = 0
        """Another one each time another table was applied."""
        self.listeners = Listeners()
        """Are told each time another table was applied."""
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
        self.version += 1
        self.listeners.tell()

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

    def roles_of(self, identity: Identity) -> tuple[str, ...]:
        """Give the roles *identity* has: by their proof, by where they are, and by bindings."""
        return self._in_force.roles_of(identity, owns=self._owns(identity))

    @property
    def tells_services_apart(self) -> bool:
        """What is allowed depends on which service it is about; else it is the same for all."""
        return self._policy is not None and self._policy.tells_services_apart

    def trusted(self) -> tuple[tuple[Issuer, ...], dict[str, SignerKey]]:
        """Give whose tokens, and whose signed requests, are taken besides our own."""
        return (self._policy.issuers(), self._policy.signers()) if self._policy else ((), {})

    @property
    def fronts(self) -> tuple[str, ...]:
        """Give the accounts of this machine that serve others."""
        return self._policy.spec.fronts if self._policy else ()

    def spec_keys(self) -> dict[str, bytes] | None:
        """Give whose signed definitions are taken, None where that is not turned on."""
        return self._policy.spec_keys() if self._policy else None

    @property
    def host(self) -> str:
        """Give what signed definitions call this host; empty: what the host calls itself."""
        return self._policy.spec.host if self._policy else ""

    # who may

    def may_speak_for_others(self, identity: Identity) -> bool:
        """Whether *identity* may ask on behalf of who came in from elsewhere.

        The owner gains nothing by it: whom they speak for may do less.
        """
        return self._owns(identity) or self._is_front(identity)

    def insist_it_holds(self, identity: Identity, *, said_by: Identity) -> None:
        """Raise Denied where what showed *identity* was revoked, whatever a front knew of it.

        A front that was taken over says what it likes: from one nobody is taken for more than what
        vouches for them here gives them.
        """
        if self._still_holds:
            self._still_holds(identity)
        if self._is_front(said_by):
            from svcctl.app.vouched import insist_vouched  # noqa: PLC0415 - where there are fronts

            insist_vouched(identity, issued=self._issued, trusted=self.trusted)

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
        if self._is_front(identity):
            _insist_on_trust(identity, verb)
            return selection
        if self._is_spared(identity, verb):
            return selection
        if verb.name == MAY:
            decision = self.explain(identity, verb, "")
            if not decision.allowed:
                raise denied(identity.actor, verb, "", decision)
            return selection
        if verb.name == SIGNED:
            args = _unproven(args.get("bundle"))
        needs = needed(verb, args)
        if verb.name in DEFINING:
            self._insist_on_definitions(identity, verb, needs, args.get("services"))
            return selection
        if verb.selects is Selects.NONE:
            self._insist_on(identity, verb, needs, "", {})
            return selection
        return self._insist_on_services(identity, verb, needs, selection)

    def _insist_on_services(
        self, identity: Identity, verb: Verb, needs: Role, selection: Selection
    ) -> Selection:
        specs, decide = self._specs(), partial(self.decide, identity, verb, needs)
        try:
            services = meant(selection, specs)
        except UnknownService as error:
            seen = partial(self._seen_by, identity)
            found = nothing_fits(identity.actor, verb, selection, seen=seen, decide=decide)
            raise found from error
        if not services:
            self._insist_on(identity, verb, needs, "", {})
            return selection
        may: list[str] = []
        may_look_at_some = selection.all and verb.effect is Effect.READ
        for name in services:
            labels = specs[name].labels if name in specs else {}
            decision = decide(name, labels)
            if decision.allowed:
                may.append(name)
            elif not may_look_at_some or (not may and name == services[-1]):
                if name in specs and self._sees(identity, name, labels):
                    raise denied(identity.actor, verb, name, decision)
                seen, actor = partial(self._seen_by, identity), identity.actor
                raise refusal(actor, verb, selection, service=name, seen=seen, decide=decide)
        return selection if may == services else replace(selection, names=tuple(may), all=False)

    def _seen_by(self, identity: Identity) -> dict[str, ServiceSpec]:
        return {
            name: spec
            for name, spec in self._specs().items()
            if self._sees(identity, name, spec.labels)
        }

    def _sees(self, identity: Identity, service: str, labels: Mapping[str, str]) -> bool:
        """Say whether *identity* may see the status of *service*."""
        status = find("status")
        assert status is not None
        return self.decide(identity, status, status.role, service, labels).allowed

    def as_told(self, identity: Identity, error: UnknownService) -> UnknownService:
        """Give *error* as *identity* may read it: its hint names services they may not see."""
        known = self._specs().items()
        if all(self._sees(identity, name, spec.labels) for name, spec in known):
            return error
        return UnknownService(error.problem)

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
            raise denied(identity.actor, verb, service, decision)

    def _is_spared(self, identity: Identity, verb: Verb) -> bool:
        keeps_a_key = verb.effect is Effect.READ or verb.name == "apply"
        return keeps_a_key and self._owns(identity)

    def _owns(self, identity: Identity) -> bool:
        if identity.way is not Way.LOCAL:
            return False
        if self._owners is None:
            return identity.actor == self._itself or identity.actor not in self.fronts
        return identity.actor in self._owners

    def _is_front(self, identity: Identity) -> bool:
        """Say whether it serves others; the owner of this machine is the owner all the same."""
        is_named = identity.way is Way.LOCAL and identity.actor in self.fronts
        return is_named and not self._owns(identity)

    def decide(
        self,
        identity: Identity,
        verb: Verb,
        needs: Role,
        service: str,
        labels: Mapping[str, str],
    ) -> Decision:
        """Say whether *identity* may do *verb* to *service*, and why, rule by rule."""
        return self._in_force.decide(
            identity,
            owns=self._owns(identity),
            verb=verb.name,
            needs=str(needs),
            service=service,
            labels=labels,
        )

    def may(self, identity: Identity, verb: Verb, service: str) -> bool:
        """Say whether *identity* may do *verb* to *service*, as far as that is told apart."""
        if identity.way in _HERE and self._policy is None:
            return True
        return self.explain(identity, verb, service).allowed

    def explain(self, identity: Identity, verb: Verb, service: str) -> Decision:
        """Say whether *identity* may do *verb* to *service* (empty: to none), and why."""
        from svcctl.auth.roles import Decision, Step, Verdict  # noqa: PLC0415 - see above

        if verb.local_only and identity.way not in _HERE:
            why = f"{verb.name} is never answered to who asks from elsewhere"
            step = Step(rule="built in", verdict=Verdict.DENIES, why=why)
            return Decision(allowed=False, steps=(step,))
        if self._is_front(identity):
            verdict = Verdict.ALLOWS if verb.name == TRUST else Verdict.DENIES
            step = Step(rule="[access] fronts", verdict=verdict, why=_FOR_ITSELF)
            return Decision(allowed=verb.name == TRUST, steps=(step,))
        if self._is_spared(identity, verb):
            why = "root and the agent's own user are not locked out"
            step = Step(rule="built in", verdict=Verdict.ALLOWS, why=why)
            return Decision(allowed=True, steps=(step,))
        known = self._specs().get(service)
        labels = known.labels if known else {}
        decision = self.decide(identity, verb, needed(verb, {}), service, labels)
        is_open = verb.name == MAY and not (decision.allowed or decision.denied)
        if is_open and self._may_anything(identity, service):
            step = Step(rule="built in", verdict=Verdict.ALLOWS, why="whoever may do anything may")
            return Decision(allowed=True, steps=(*decision.steps, step))
        return decision

    def _may_anything(self, identity: Identity, service: str) -> bool:
        """Say whether there is anything they may do to *service*; empty: to any, or to none."""
        from svcctl.app.verbs import VERBS  # noqa: PLC0415 - it knows who imports this

        if not self._in_force.could_allow(identity, owns=self._owns(identity)):
            return False
        return any(
            self.explain(identity, each, about).allowed
            for about in ([service] if service else ["", *self._specs()])
            for each in VERBS
            if each.name != MAY
        )

    @property
    def _in_force(self) -> Policy:
        """What decides: where nothing was applied, what is built in."""
        from svcctl.app.policy import policy_of  # noqa: PLC0415 - see above

        return self._policy or policy_of({})


def meant(selection: Selection, specs: Mapping[str, ServiceSpec]) -> list[str]:
    """Give the services that are meant; a name alone may be that of something else, or of nothing.

    Raises UnknownService for a group, a glob or labels that nothing fits.
    """
    if selection.labels or not selection.names or any(map(is_pattern, selection.names)):
        return sorted({service_of(each, specs) for each in choose(selection, specs)})
    return sorted(
        {
            service_of(each, specs) if each in specs or is_instance(each, specs) else each
            for each in selection.names
        }
    )


def _unproven(bundle: object) -> Mapping[str, object]:
    """Give what is said to be signed; empty where it cannot be read, which is told to who may."""
    from svcctl.app.signed_statement import unproven  # noqa: PLC0415 - see above

    try:
        return unproven(bundle)
    except UsageError:
        return {}


def needed(verb: Verb, args: Mapping[str, object]) -> Role:
    """Give the role that *verb* needs with *args*: to say who may what is for admins alone."""
    further = any(isinstance(value, dict) and value for value in args.values())
    if verb.name in DEFINING and (further or args.get("prune") is True):
        return Role.ADMIN
    return verb.role


def _labelled(definitions: object) -> Iterator[tuple[str, Mapping[str, str]]]:
    for each in cast("Iterable[object]", definitions if isinstance(definitions, list) else ()):
        if isinstance(each, dict):
            spec = each.get("spec")
            labels = spec.get("labels") if isinstance(spec, dict) else None
            yield str(each.get("name")), labels if isinstance(labels, dict) else {}


def _insist_on_trust(identity: Identity, verb: Verb) -> None:
    if verb.name != TRUST:
        hint = f"take it out of [access] fronts, or ask as another: {identity.actor}"
        raise Denied(f"{identity.actor} may not do {verb.name!r}: {_FOR_ITSELF}", hint=hint)
