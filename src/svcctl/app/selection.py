"""Which services a person means: names, globs, ``@group`` and ``label=value``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from svcctl.errors import UnknownService, UsageError
from svcctl.wire import Selection

if TYPE_CHECKING:  # `svcctl status` imports this module, and none of what the spec is made of
    from svcctl.spec.service import ServiceSpec


def choose(selection: Selection, specs: Mapping[str, ServiceSpec]) -> list[str]:
    """Give the services that *selection* means, sorted; ``web.2`` is one instance of ``web``.

    Raises UnknownService for a name, group or label that nothing fits, UsageError for a label
    that is not ``name=value``.
    """
    wanted = _labels(selection.labels)
    chosen = set(specs) if not selection.names else set()
    for pattern in selection.names:
        chosen |= _matching(pattern, specs)
    fitting = {
        name
        for name in chosen
        if wanted.items() <= dict(specs[service_of(name, specs)].labels).items()
    }
    if wanted and not fitting:
        raise UnknownService(f"no service has the labels {', '.join(selection.labels)!r}")
    return sorted(fitting)


def service_of(target: str, specs: Mapping[str, ServiceSpec]) -> str:
    """Give the service that *target*, a service or an instance, belongs to."""
    return target if target in specs else target.rpartition(".")[0]


def is_instance(name: str, specs: Mapping[str, ServiceSpec]) -> bool:
    """Say whether *name* is that of an instance of one of several, such as ``web.2``."""
    service, _, number = name.rpartition(".")
    numbers = range(1, specs[service].instances + 1) if service in specs else ()
    return number in map(str, numbers)


def is_pattern(name: str) -> bool:
    """Say whether *name* is a glob or a group: what may mean several services, or none."""
    return any(sign in name for sign in "@*?[")


def _labels(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise UsageError(f"label {name!r} has no value", hint="write it as -l name=value")
    return {name: value for name, _, value in pairs}


def _matching(pattern: str, specs: Mapping[str, ServiceSpec]) -> set[str]:
    if pattern in specs:
        return {pattern}
    if pattern.startswith("@"):
        found = {name for name, spec in specs.items() if pattern[1:] in spec.groups}
    elif any(sign in pattern for sign in "*?["):
        found = {name for name in specs if fnmatchcase(name, pattern)}
    else:
        found = {pattern} if is_instance(pattern, specs) else set()
    if not found:
        raise _unknown(pattern, specs)
    return found


def unknown(name: str, known: Iterable[str], *, what: str = "service") -> UnknownService:
    """Give what is said of a *name* that nothing *known* has."""
    from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - only the agent needs it

    names = sorted(known)
    hint = did_you_mean(name, names) or f"known: {', '.join(names) or 'none yet'}"
    return UnknownService(f"no {what} {name!r}", hint=hint)


def _unknown(pattern: str, specs: Mapping[str, ServiceSpec]) -> UnknownService:
    if pattern.startswith("@"):
        groups = {f"@{group}" for spec in specs.values() for group in spec.groups}
        return unknown(pattern, groups, what="group")
    return unknown(pattern, specs)
