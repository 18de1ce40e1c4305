"""What must hold in ``[access]`` beyond the types of its options: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from svcctl.spec.access import AccessSpec, BuiltInRole
from svcctl.spec.finding import Finding
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import SERVICE_NAME, did_you_mean
from svcctl.spec.notation import show

_ROOT: KeyPath = ("access",)


def access_findings(spec: AccessSpec, verbs: Collection[str] = ()) -> Iterator[Finding]:
    """Give everything that is wrong in *spec*; *verbs* are those there are, where that is known."""
    known = (*BuiltInRole, *spec.roles)
    for name, role in spec.roles.items():
        path = (*_ROOT, "roles", name)
        yield from _role_name(path, name)
        yield from _labels(path, role.labels)
        yield from _verbs(path, role.verbs, verbs)
        if role.like is None and not role.verbs:
            problem = f"role {name!r} may do nothing"
            yield Finding(path=path, problem=problem, hint="give it `like` or `verbs`")
    for number, binding in enumerate(spec.bindings):
        path = (*_ROOT, "bindings", number)
        yield from _roles(path, binding.roles, known)
        for option in ("who", "roles"):
            if not getattr(binding, option):
                yield Finding(path=(*path, option), problem=f"{path_text(path)} names nobody")
    for number, rule in enumerate(spec.rules):
        path = (*_ROOT, "rules", number)
        yield from _roles(path, rule.roles, known)
        yield from _labels(path, rule.labels)
        yield from _verbs(path, rule.verbs, verbs)


def _role_name(path: KeyPath, name: str) -> Iterator[Finding]:
    if name in tuple(BuiltInRole):
        problem = f"role {name!r} is built in"
        yield Finding(path=path, problem=problem, hint="give yours another name", about_key=True)
    elif not SERVICE_NAME.fullmatch(name):
        problem = f"{show(name)} cannot name a role"
        yield Finding(
            path=path, problem=problem, hint="use a-z, 0-9, '.', '_' and '-'", about_key=True
        )


def _roles(path: KeyPath, named: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    roles = tuple(map(str, known))
    for number, each in enumerate(named):
        if each not in roles:
            hint = did_you_mean(each, roles) or f"add [access.roles.{each}]"
            problem = f"there is no role {each!r}"
            yield Finding(path=(*path, "roles", number), problem=problem, hint=hint)


def _labels(path: KeyPath, labels: Iterable[str]) -> Iterator[Finding]:
    for number, each in enumerate(labels):
        name, sign, _ = each.partition("=")
        if not name or not sign:
            problem = f"{show(each)} is no label"
            hint = "write it as NAME=VALUE, such as tier=front*"
            yield Finding(path=(*path, "labels", number), problem=problem, hint=hint)


def _verbs(path: KeyPath, named: Iterable[str], known: Collection[str]) -> Iterator[Finding]:
    for number, each in enumerate(named):
        if known and not any(sign in each for sign in "*?[") and each not in known:
            problem, hint = f"there is no verb {each!r}", did_you_mean(each, known)
            yield Finding(path=(*path, "verbs", number), problem=problem, hint=hint)
