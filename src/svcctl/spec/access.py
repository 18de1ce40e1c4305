"""What a person wrote about who may do what: ``[access]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class BuiltInRole(StrEnum):
    """The roles that are there without being written; each may do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DEPLOYER = "deployer"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a rule says."""

    ALLOW = "allow"
    DENY = "deny"


class Audited(StrEnum):
    """What is written into the audit log."""

    CHANGES = "changes"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoleSpec:
    """A role of one's own: some verbs, for some services, in some environments."""

    like: BuiltInRole | None = field(
        default=None, metadata={"doc": "it has the verbs of this role too"}
    )
    verbs: tuple[str, ...] = field(default=(), metadata={"doc": "verbs (globs) it has"})
    services: tuple[str, ...] = field(
        default=(), metadata={"doc": "only for these services (globs); default: for all"}
    )
    labels: tuple[str, ...] = field(
        default=(), metadata={"doc": "only for services with all these labels: NAME=GLOB"}
    )
    environments: tuple[str, ...] = field(
        default=(), metadata={"doc": "only on hosts of these environments"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec:
    """Which roles somebody has."""

    who: tuple[str, ...] = field(metadata={"doc": "actors (globs), as the audit log names them"})
    roles: tuple[str, ...] = field(metadata={"doc": "roles they have"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRuleSpec:
    """One thing that is allowed, or denied whatever else allows it."""

    effect: Permission = field(metadata={"doc": "deny wins over every allow"})
    who: tuple[str, ...] = field(
        default=(), metadata={"doc": "actors (globs); with neither these nor roles: everybody"}
    )
    roles: tuple[str, ...] = field(default=(), metadata={"doc": "and whoever has one of these"})
    verbs: tuple[str, ...] = field(default=(), metadata={"doc": "verbs (globs); default: all"})
    services: tuple[str, ...] = field(
        default=(), metadata={"doc": "services (globs); default: whatever it is about"}
    )
    labels: tuple[str, ...] = field(
        default=(), metadata={"doc": "services with all these labels: NAME=GLOB"}
    )
    environments: tuple[str, ...] = field(
        default=(), metadata={"doc": "on hosts of these environments; default: everywhere"}
    )
    why: str = field(default="", metadata={"doc": "what for; who is denied is told"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerSpec:
    """An OpenID Connect issuer whose tokens are taken, of actors ``oidc:NAME:WHO``."""

    url: str = field(metadata={"doc": "what its tokens say as iss, such as https://id.example.org"})
    audience: str = field(default="svcctl", metadata={"doc": "what its tokens must be for (aud)"})
    claim: str = field(default="sub", metadata={"doc": "claim that says who somebody is"})
    groups: str = field(default="groups", metadata={"doc": "claim that lists their groups"})
    roles: Mapping[str, str] = field(
        default_factory=dict, metadata={"doc": "role that a group gives, by the group's name"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSpec:
    """A key that signs requests, of the actor ``key:NAME``."""

    key: str = field(metadata={"doc": "its public half: Ed25519, 32 bytes as base64"})
    roles: tuple[str, ...] = field(default=(), metadata={"doc": "roles it vouches for"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpec:
    """Who may do what."""

    environment: str = field(default="", metadata={"doc": "what this host is for, such as prod"})
    local: BuiltInRole = field(
        default=BuiltInRole.ADMIN,
        metadata={
            "doc": "role of who comes in on this machine and has no binding; the agent's own user "
            "and root are always admin"
        },
    )
    fronts: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "actors of this machine (uid:998) that serve others, such as svcctl serve: they "
            "may ask on behalf of who comes from elsewhere, and nothing for themselves"
        },
    )
    audit: Audited = field(
        default=Audited.CHANGES,
        metadata={"doc": "all: what is merely looked at from this machine is written down too"},
    )
    roles: Mapping[str, OwnRoleSpec] = field(
        default_factory=dict, metadata={"doc": "roles of one's own, by name"}
    )
    issuers: Mapping[str, IssuerSpec] = field(
        default_factory=dict, metadata={"doc": "whose tokens are taken besides our own, by name"}
    )
    signers: Mapping[str, SignerSpec] = field(
        default_factory=dict, metadata={"doc": "whose signed requests are taken, by name"}
    )
    signed_specs: bool = field(
        default=False,
        metadata={"doc": "whether definitions signed by one of spec_keys may come from elsewhere"},
    )
    spec_keys: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "doc": "whose signed definitions are taken, by name: Ed25519, 32 bytes as base64"
        },
    )
    host: str = field(
        default="",
        metadata={"doc": "what signed definitions call this host; default: its host name"},
    )
    bindings: tuple[BindingSpec, ...] = field(default=(), metadata={"doc": "who has which roles"})
    rules: tuple[AccessRuleSpec, ...] = field(
        default=(), metadata={"doc": "what else is allowed, and what is denied"}
    )
