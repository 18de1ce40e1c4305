"""What must hold in ``[access]`` beyond the types of its options: pure."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import urlsplit

from svcctl.errors import SpecError
from svcctl.spec.access import AccessSpec, BuiltInRole
from svcctl.spec.finding import Finding, checked
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import SERVICE_NAME, did_you_mean
from svcctl.spec.notation import show

_ROOT: KeyPath = ("access",)
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_KEY_BYTES = 32
_LOCAL_ACTOR = re.compile(r"uid:\d{1,10}|sid:S-[0-9-]{3,180}")


def access_findings(spec: AccessSpec, verbs: Collection[str] = ()) -> Iterator[Finding]:
    """Give everything that is wrong in *spec*; *verbs* are those there are, where that is known."""
    known = (*BuiltInRole, *spec.roles)
    yield from _fronts(spec.fronts)
    for name, role in spec.roles.items():
        path = (*_ROOT, "roles", name)
        yield from _role_name(path, name)
        yield from _labels(path, role.labels)
        yield from _verbs(path, role.verbs, verbs)
        if role.like is None and not role.verbs:
            problem = f"role {name!r} may do nothing"
            yield Finding(path=path, problem=problem, hint="give it `like` or `verbs`")
    yield from _trusted(spec, known)
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


def _fronts(fronts: Iterable[str]) -> Iterator[Finding]:
    for number, each in enumerate(fronts):
        if not _LOCAL_ACTOR.fullmatch(each):
            hint = "such as 'uid:998' (see: id -u NAME), on Windows 'sid:S-1-5-...'"
            path: KeyPath = (*_ROOT, "fronts", number)
            yield Finding(path=path, problem=f"{show(each)} is no account of a machine", hint=hint)


def _trusted(spec: AccessSpec, known: Collection[str]) -> Iterator[Finding]:
    for name, issuer in spec.issuers.items():
        path = (*_ROOT, "issuers", name)
        yield from _own_name(path, name, "an issuer")
        yield from checked((*path, "url"), check_address, issuer.url)
        for group, given in issuer.roles.items():
            yield from _role((*path, "roles", group), given, known)
    for name, signer in spec.signers.items():
        path = (*_ROOT, "signers", name)
        yield from _own_name(path, name, "a signer")
        yield from checked((*path, "key"), public_key, signer.key)
        yield from _roles(path, signer.roles, known)
    for name, key in spec.spec_keys.items():
        path = (*_ROOT, "spec_keys", name)
        yield from _own_name(path, name, "a key")
        yield from checked(path, public_key, key)
    if spec.signed_specs and not spec.spec_keys:
        problem, hint = "signed_specs is on, and no key is trusted", "add [access.spec_keys]"
        yield Finding(path=(*_ROOT, "signed_specs"), problem=problem, hint=hint)


def check_address(url: str) -> None:
    """Raise SpecError unless nobody between here and *url* can change what it says."""
    try:
        parts = urlsplit(url)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in _LOOPBACK
        )
        is_plain = bool(parts.hostname) and not (parts.username or parts.password or parts.fragment)
    except ValueError:
        is_safe = is_plain = False
    if not is_safe or not is_plain:
        raise SpecError("this is no safe address", hint="it begins with https://")


def public_key(text: str) -> bytes:
    """Give the 32 bytes of an Ed25519 key; raises SpecError."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        found = b""
    if len(found) != _KEY_BYTES:
        raise SpecError("this is no public key", hint="Ed25519: 32 bytes, as base64")
    return found


def _role_name(path: KeyPath, name: str) -> Iterator[Finding]:
    if name in tuple(BuiltInRole):
        problem = f"role {name!r} is built in"
        yield Finding(path=path, problem=problem, hint="give yours another name", about_key=True)
    else:
        yield from _own_name(path, name, "a role")


def _own_name(path: KeyPath, name: str, what: str) -> Iterator[Finding]:
    if not SERVICE_NAME.fullmatch(name):
        problem, hint = f"{show(name)} cannot name {what}", "use a-z, 0-9, '.', '_' and '-'"
        yield Finding(path=path, problem=problem, hint=hint, about_key=True)


def _roles(path: KeyPath, named: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    for number, each in enumerate(named):
        yield from _role((*path, "roles", number), each, known)


def _role(path: KeyPath, named: str, known: Iterable[str]) -> Iterator[Finding]:
    roles = tuple(map(str, known))
    if named not in roles:
        hint = did_you_mean(named, roles) or f"add [access.roles.{named}]"
        yield Finding(path=path, problem=f"there is no role {named!r}", hint=hint)


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
