"""Who may do what: decided from rules alone, with the reason for every step.

Pure.  Nothing is allowed unless something allows it, and whatever denies wins, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

RANKS = ("viewer", "operator", "deployer", "admin")
"""The built-in roles; each may do what those before it may."""


class Verdict(StrEnum):
    """What one rule says to one question."""

    ALLOWS = "allows"
    DENIES = "denies"
    DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """To what a rule extends; an empty option fits everything.

    *verbs* and *services* are globs; *labels* are ``NAME=GLOB``, all of which the service must
    have; *environments* name kinds of hosts.  A rule for *services* or *labels* does not fit what
    is about no service.
    """

    verbs: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRule:
    """A role of one's own: the verbs of *like* (a built-in role, or none) and further ones.

    *at* says where it is written.
    """

    name: str
    like: str = ""
    scope: Scope = Scope()
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Allows or *denies*: to actors that fit a glob of *who*, or who have one of *roles*."""

    denies: bool
    who: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    scope: Scope = Scope()
    why: str = ""
    at: str = ""

    def is_for(self, actor: str, roles: Iterable[str]) -> bool:
        """Whether it says anything to *actor*, who has *roles*."""
        if not self.who and not self.roles:
            return True
        return _fits_any(actor, self.who) or not set(self.roles).isdisjoint(roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May *actor* do *verb*, which needs the built-in role *needs*?

    *service* is empty where it is about none, else it has *labels*.
    """

    actor: str
    roles: tuple[str, ...]
    verb: str
    needs: str
    service: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one rule said, and why; *at* says where it is written (empty: built in)."""

    rule: str
    verdict: Verdict
    why: str
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer, and every step to it."""

    allowed: bool
    steps: tuple[Step, ...]

    @property
    def denied(self) -> bool:
        """A rule denies it, so that nothing can allow it."""
        return any(each.verdict is Verdict.DENIES for each in self.steps)

    @property
    def reason(self) -> str:
        """The step that decided, in words; where nothing allowed it, the first that might have."""
        wanted = Verdict.ALLOWS if self.allowed else Verdict.DENIES
        deciding = [each for each in self.steps if each.verdict is wanted] or self.steps
        return f"{deciding[0].rule}: {deciding[0].why}" if deciding else "nothing allows it"


def decide(question: Question, *, own: Mapping[str, RoleRule], rules: Sequence[Rule]) -> Decision:
    """Answer *question*; *own* are the roles there are besides the built-in ones."""
    steps = [_role_step(question, name, own) for name in question.roles]
    steps += [_rule_step(question, each) for each in rules]
    verdicts = {each.verdict for each in steps}
    allowed = Verdict.ALLOWS in verdicts and Verdict.DENIES not in verdicts
    return Decision(allowed=allowed, steps=tuple(steps))


def _role_step(question: Question, name: str, own: Mapping[str, RoleRule]) -> Step:
    if name in RANKS:
        return _step(f"role {name}", _ranked(question, name))
    role = own.get(name)
    if role is None:
        return _step(f"role {name}", "there is no such role")
    named = bool(role.scope.verbs) and _fits_any(question.verb, role.scope.verbs)
    refused = "" if named else _ranked(question, role.like) or _unlike(role)
    return _step(f"role {name}", refused or _outside(question, role.scope, verbs=False), at=role.at)


def _unlike(role: RoleRule) -> str:
    return "" if role.like else f"its verbs are {', '.join(role.scope.verbs) or 'none'}"


def _ranked(question: Question, name: str) -> str:
    """Say why a built-in role does not suffice; empty where it does, or where there is none."""
    if not name or RANKS.index(name) >= RANKS.index(question.needs):
        return ""
    return f"{question.verb} needs {question.needs}, which is more than {name}"


def _rule_step(question: Question, rule: Rule) -> Step:
    what = "deny" if rule.denies else "allow"
    refused = _is_meant(question, rule) or _outside(question, rule.scope)
    fits = Verdict.DENIES if rule.denies else Verdict.ALLOWS
    return _step(f"rule {what}", refused, fits=fits, at=rule.at, said=rule.why)


def _step(
    rule: str, refused: str, *, fits: Verdict = Verdict.ALLOWS, at: str = "", said: str = ""
) -> Step:
    if refused:
        return Step(rule=rule, verdict=Verdict.DOES_NOT_FIT, why=refused, at=at)
    return Step(rule=rule, verdict=fits, why=said or "everything fits", at=at)


def _is_meant(question: Question, rule: Rule) -> str:
    """Say why *rule* is not for who asks; empty where it is."""
    if rule.is_for(question.actor, question.roles):
        return ""
    meant = (*rule.who, *(f"role {each}" for each in rule.roles))
    return f"{question.actor} is not {' or '.join(meant)}"


def _outside(question: Question, scope: Scope, *, verbs: bool = True) -> str:
    """Say what of *scope* does not fit; empty where all does."""
    if verbs and scope.verbs and not _fits_any(question.verb, scope.verbs):
        return f"{question.verb} is not {' or '.join(scope.verbs)}"
    if scope.environments and question.environment not in scope.environments:
        where = question.environment or "none"
        return f"the environment is {where}, not {' or '.join(scope.environments)}"
    if (scope.services or scope.labels) and not question.service:
        return f"{question.verb} is about no single service"
    if scope.services and not _fits_any(question.service, scope.services):
        return f"{question.service} is not {' or '.join(scope.services)}"
    return _unlabelled(question, scope.labels)


def _unlabelled(question: Question, labels: Iterable[str]) -> str:
    for each in labels:
        name, _, wanted = each.partition("=")
        found = question.labels.get(name)
        if found is None or not fnmatchcase(found, wanted):
            return f"{question.service} has no label {each}"
    return ""


def _fits_any(text: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(text, each) for each in globs)
