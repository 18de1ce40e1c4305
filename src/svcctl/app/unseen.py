"""What is told of services to who may not see them: no more than of those that are not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from svcctl.app.selection import choose
from svcctl.app.verb import Verb
from svcctl.errors import Denied, SvcctlError, UnknownService
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.auth.roles import Decision
    from svcctl.spec.service import ServiceSpec

Decide = Callable[[str, Mapping[str, str]], "Decision"]
"""Says whether a service of that name and with these labels may be meant; empty: none."""

Seen = Callable[[], Mapping[str, "ServiceSpec"]]
"""Gives the services that somebody may see, which takes a look at each."""

OF_EVERY_SERVICE = frozenset(("alerts", "findings", "metrics", "watch-list"))
"""Verbs about no service whose results tell of each."""

_SERVICE = re.compile(r'[{,]service="((?:[^"\\\n]|\\.)*)"')
"""The label of a sample in the text format of Prometheus; quotes in other labels are escaped."""


def denied(actor: str, verb: Verb, service: str, decision: Decision) -> Denied:
    """Give the error that says why *actor* may not do *verb* to *service* (empty: to none)."""
    asked = f"svcctl auth explain {actor} {verb.name}"
    if not service:
        hint = f"see: {asked}"
        return Denied(f"{actor} may not do {verb.name!r}: {decision.reason}", hint=hint)
    problem = f"{actor} may not do {verb.name!r} to {service!r}: {decision.reason}"
    return Denied(problem, hint=f"see: {asked} {service}")


def refusal(
    actor: str,
    verb: Verb,
    selection: Selection,
    *,
    service: str,
    seen: Seen,
    decide: Decide,
) -> SvcctlError:
    """Give why *actor* may not do *verb* to *service*, which they may not see.

    It is what would be said if it were not there.
    """
    named = next((each for each in selection.names if _is_of(each, service)), "")
    if not named:
        return nothing_fits(actor, verb, selection, seen=seen, decide=decide)
    decision = decide(named, {})
    if decision.allowed:
        return UnknownService(f"no service {named!r}")
    return denied(actor, verb, named, decision)


def nothing_fits(
    actor: str, verb: Verb, selection: Selection, *, seen: Seen, decide: Decide
) -> SvcctlError:
    """Give what is said of patterns where nothing that may be seen fits, or not alone."""
    decision, found = decide("", {}), seen()
    if not found and not decision.allowed:
        return denied(actor, verb, "", decision)
    try:
        choose(selection, found)
    except UnknownService as error:
        return error
    return Denied(
        f"{actor} may not do {verb.name!r} to all that is meant",
        hint="name the services one by one",
    )


def _is_of(name: str, service: str) -> bool:
    """Say whether *name* is that of *service*, or of an instance of it."""
    return service in {name, name.rpartition(".")[0]}


def without_unseen(verb: str, result: object, may: Callable[[str], bool]) -> object:
    """Give the result of *verb*, one of OF_EVERY_SERVICE, without what is of services not *may*."""
    match verb, result:
        case "metrics", {"text": str(text), **rest}:
            kept = (line for line in text.splitlines(keepends=True) if _is_seen(line, may))
            return {**rest, "text": "".join(kept)}
        case "watch-list", list():
            return _rows(result, may)
        case _, dict():
            return {
                name: _rows(each, may) if isinstance(each, list) else each
                for name, each in result.items()
            }
        case _:
            return result


def _rows(rows: Iterable[object], may: Callable[[str], bool]) -> list[object]:
    """Give those *rows* that are of no service, or of one that *may*; a watch can be of itself."""
    return [
        each
        for each in rows
        if not isinstance(each, Mapping)
        or not (service := each.get("service") or each.get("name"))
        or may(str(service))
    ]


def _is_seen(line: str, may: Callable[[str], bool]) -> bool:
    found = None if line.startswith("#") else _SERVICE.search(line)
    return found is None or may(found[1])
