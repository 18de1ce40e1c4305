"""Turns a request into one of the HTTP interface: the same path and arguments for the same verb."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from svcctl.app.verb import Arg, Effect, Kind, Selects, Verb
from svcctl.app.verbs import find
from svcctl.errors import Denied, UsageError
from svcctl.wire import Request, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as HTTP has it; *body* is empty of what only reads."""

    method: str
    target: str
    body: bytes = b""


def verb_of(request: Request) -> Verb:
    """Give the verb of *request*; raises UsageError for one that is none."""
    verb = find(request.verb)
    if verb is None:
        raise UsageError(f"no verb {request.verb!r}", hint="see: svcctl --help")
    return verb


def operation_question(name: str) -> Question:
    """Ask how the operation called *name* stands."""
    return Question(method="GET", target=f"/v1/operations/{quote(name, safe='')}")


def question_of(request: Request, *, further: Mapping[str, str] | None = None) -> Question:
    """Give *request* as HTTP has it; *further* is added to its query.

    Raises UsageError for a verb that is none, Denied for one that no agent answers from afar.
    """
    verb = verb_of(request)
    if verb.local_only:
        raise Denied(
            f"{verb.name!r} is answered on the machine itself only",
            hint=f"log in there: {verb.examples[0]}" if verb.examples else "",
        )
    path, select = _path(verb, request.select)
    known = {arg.name: arg for arg in verb.args}
    args = {name: value for name, value in request.args.items() if value is not None}
    if verb.effect is Effect.READ:
        query = _which(select)
        query += [(name, _text(known.get(name), value)) for name, value in args.items()]
        return Question(method="GET", target=_target(path, [*query, *_pairs(further)]))
    document = {**args, **_named(select)}
    return Question(
        method="POST",
        target=_target(path, _pairs(further)),
        body=json.dumps(document, separators=(",", ":")).encode(),
    )


def _path(verb: Verb, select: Selection) -> tuple[str, Selection]:
    """Give the path, and what it leaves to be said of which services are meant."""
    if verb.selects is not Selects.ONE:
        return f"/v1/{verb.name}", select
    if len(select.names) != 1 or not select.names[0]:
        raise UsageError(f"{verb.name!r} takes exactly one service")
    return f"/v1/services/{quote(select.names[0], safe='')}/{verb.name}", Selection()


def _which(select: Selection) -> list[tuple[str, str]]:
    found = [("service", name) for name in select.names]
    found += [("label", label) for label in select.labels]
    return [*found, ("all", "true")] if select.all else found


def _named(select: Selection) -> dict[str, object]:
    found: dict[str, object] = {}
    if select.names:
        found["service"] = list(select.names)
    if select.labels:
        found["label"] = list(select.labels)
    return {**found, "all": True} if select.all else found


def _text(arg: Arg | None, value: object) -> str:
    """Give an argument as a query has it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() if arg is not None and arg.kind is Kind.DURATION:
            return f"{value:.6f}s"
        case str():
            return value
        case _:
            return json.dumps(value, separators=(",", ":"))


def _pairs(further: Mapping[str, str] | None) -> list[tuple[str, str]]:
    return list((further or {}).items())


def _target(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
