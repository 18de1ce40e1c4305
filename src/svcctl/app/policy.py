"""``[access]`` as rules that can be asked: each with its place in the file it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, cast

from svcctl.auth.identity import Identity, Way
from svcctl.auth.roles import RANKS, Decision, Question, RoleRule, Rule, Scope, decide
from svcctl.ports import Document
from svcctl.spec.access import AccessRuleSpec, AccessSpec, Audited, OwnRoleSpec, Permission
from svcctl.spec.canonical import parse_table

if TYPE_CHECKING:
    from svcctl.auth.oidc import Issuer
    from svcctl.auth.signature import SignerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that decides who may do what."""

    spec: AccessSpec
    own: Mapping[str, RoleRule]
    rules: tuple[Rule, ...]

    @property
    def audits_looks(self) -> bool:
        """What is merely looked at is written down too."""
        return self.spec.audit is Audited.ALL

    @property
    def tells_services_apart(self) -> bool:
        """What is allowed depends on which service it is about; else it is the same for all."""
        scopes = [
            *(each.scope for each in self.own.values()),
            *(each.scope for each in self.rules),
        ]
        return any(each.services or each.labels for each in scopes)

    def could_allow(self, identity: Identity, *, owns: bool) -> bool:
        """Whether there is anything that allows *identity* something: a role, or a rule."""
        held = self.roles_of(identity, owns=owns)
        return any(each in RANKS or each in self.own for each in held) or any(
            not each.denies and each.is_for(identity.actor, held) for each in self.rules
        )

    def decide(
        self,
        identity: Identity,
        *,
        owns: bool,
        verb: str,
        needs: str,
        service: str,
        labels: Mapping[str, str],
    ) -> Decision:
        """Answer for *identity*, who *owns* this machine or not; see auth.roles."""
        question = Question(
            actor=identity.actor,
            roles=self.roles_of(identity, owns=owns),
            verb=verb,
            needs=needs,
            service=service,
            labels=labels,
            environment=self.spec.environment,
        )
        return decide(question, own=self.own, rules=self.rules)

    def issuers(self) -> tuple[Issuer, ...]:
        """Give whose tokens are taken besides our own."""
        from svcctl.auth.oidc import Issuer  # noqa: PLC0415 - where there are any

        return tuple(
            Issuer(
                name=name,
                url=each.url,
                audience=each.audience,
                claim=each.claim,
                groups=each.groups,
                roles=each.roles,
            )
            for name, each in self.spec.issuers.items()
        )

    def signers(self) -> dict[str, SignerKey]:
        """Give whose signed requests are taken, by the ids of their keys."""
        from svcctl.auth.signature import SignerKey  # noqa: PLC0415 - where there are any
        from svcctl.spec.access_rules import public_key  # noqa: PLC0415

        return {
            name: SignerKey(actor=f"key:{name}", public=public_key(each.key), roles=each.roles)
            for name, each in self.spec.signers.items()
        }

    def spec_keys(self) -> dict[str, bytes] | None:
        """Give whose signed definitions are taken, None where that is not turned on."""
        from svcctl.spec.access_rules import public_key  # noqa: PLC0415 - where there are any

        if not self.spec.signed_specs:
            return None
        return {name: public_key(text) for name, text in self.spec.spec_keys.items()}

    def roles_of(self, identity: Identity, *, owns: bool) -> tuple[str, ...]:
        """Give the roles somebody has: by their proof, by where they are, and by bindings."""
        bound = [
            role
            for each in self.spec.bindings
            if any(fnmatchcase(identity.actor, glob) for glob in each.who)
            for role in each.roles
        ]
        if owns:
            bound.append("admin")
        elif identity.way is Way.LOCAL and not bound:
            bound.append(str(self.spec.local))
        return tuple(dict.fromkeys((*identity.roles, *bound)))


def policy_of(kept: Document) -> Policy:
    """Read what was applied (``spec`` and ``origins``; empty: nothing); raises SpecError."""
    spec = parse_table(cast("Document", kept["spec"]), AccessSpec) if kept else AccessSpec()
    origins = cast("Mapping[str, object]", kept.get("origins") or {})
    return Policy(
        spec=spec,
        own={
            name: RoleRule(
                name=name,
                like=str(role.like or ""),
                scope=_scope(role),
                at=_place(origins, f"access.roles.{name}"),
            )
            for name, role in spec.roles.items()
        },
        rules=tuple(_rules(spec, origins)),
    )


def closed() -> Policy:
    """Give what holds where nobody knows what should: only those who own the machine may."""
    return Policy(
        spec=AccessSpec(), own={}, rules=(Rule(denies=True, why="[access] is unreadable"),)
    )


def _rules(spec: AccessSpec, origins: Mapping[str, object]) -> Iterator[Rule]:
    for number, each in enumerate(spec.rules):
        yield Rule(
            denies=each.effect is Permission.DENY,
            who=each.who,
            roles=each.roles,
            scope=_scope(each),
            why=each.why,
            at=_place(origins, f"access.rules[{number}]"),
        )


def _scope(said: OwnRoleSpec | AccessRuleSpec) -> Scope:
    return Scope(
        verbs=said.verbs,
        services=said.services,
        labels=said.labels,
        environments=said.environments,
    )


def _place(origins: Mapping[str, object], path: str) -> str:
    """Give ``FILE:LINE`` of the first option of a table; empty where that is not known."""
    places = [
        (str(each.get("file", "")), int(each.get("line") or 0))
        for name, each in origins.items()
        if name.startswith((f"{path}.", f"{path}[")) and isinstance(each, dict)
    ]
    file, line = min(places, default=("", 0), key=lambda place: place[1])
    return f"{file}:{line}" if file else ""
