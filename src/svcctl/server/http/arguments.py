"""Reads what was asked for out of a path, a query and a body; every mistake is a UsageError."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from svcctl.app.strict_json import strict_json
from svcctl.app.verb import Arg, Kind, Selects
from svcctl.errors import SpecError, UsageError
from svcctl.server.http.routes import Route
from svcctl.spec.notation import parse_duration
from svcctl.wire import Selection

WHICH = ("service", "label", "all")
"""The names in a query, and in a body, that say which services are meant."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_FLAGS = {"": True, "true": True, "1": True, "false": False, "0": False}


def from_query(
    route: Route, name: str, query: Iterable[tuple[str, str]]
) -> tuple[Selection, dict[str, object]]:
    """Give which services, and with which arguments, from a path and a query.

    *name* is the service in the path, empty where there is none.  A flag is on where it stands
    without a value too.  Where no services are meant, such a name is that of an argument.
    """
    given: dict[str, list[str]] = {}
    for key, value in query:
        given.setdefault(key, []).append(value)
    selection = Selection()
    if route.verb.selects is not Selects.NONE:
        selection = _selection(
            route,
            name,
            services=given.pop("service", []),
            labels=given.pop("label", []),
            everything=_flag("all", _only("all", given.pop("all", ["false"]))),
        )
    known = {arg.name: arg for arg in route.verb.args}
    args: dict[str, object] = {}
    for key, values in given.items():
        text = _only(key, values)
        args[key] = _value(known[key], text) if key in known else text
    return selection, args


def from_body(route: Route, name: str, body: bytes) -> tuple[Selection, dict[str, object]]:
    """Give the same from a path and a JSON object; an empty body is an empty object."""
    document = _document(body)
    selection = Selection()
    if route.verb.selects is not Selects.NONE:
        selection = _selection(
            route,
            name,
            services=_texts(document, "service"),
            labels=_texts(document, "label"),
            everything=_everything(document),
        )
    known = {arg.name: arg for arg in route.verb.args}
    for key, value in document.items():
        if isinstance(value, str) and key in known and known[key].kind is Kind.DURATION:
            document[key] = _value(known[key], value)
    return selection, document


def _document(body: bytes) -> dict[str, object]:
    document = strict_json(body) if body.strip() else {}
    if not isinstance(document, dict):
        raise UsageError("the body is no JSON object", hint='such as {"timeout": "10s"}')
    return document


def _texts(document: dict[str, object], key: str) -> Sequence[str]:
    value = document.pop(key, None)
    listed = [] if value is None else [value] if isinstance(value, str) else value
    if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
        return listed
    raise UsageError(f"{key!r} is neither a text nor a list of texts")


def _everything(document: dict[str, object]) -> bool:
    value = document.pop("all", False)
    if isinstance(value, bool):
        return value
    raise UsageError("'all' is neither true nor false")


def _selection(
    route: Route,
    name: str,
    *,
    services: Sequence[str],
    labels: Sequence[str],
    everything: bool,
) -> Selection:
    if not route.names_one:
        return Selection(names=tuple(services), labels=tuple(labels), all=everything)
    if services or labels or everything:
        raise UsageError(
            f"{route.path!r} is about one service",
            hint=f"leave out {', '.join(WHICH)}, or ask /v1/{route.verb.name}",
        )
    return Selection(names=(name,))


def _only(key: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise UsageError(f"{key!r} is given {len(values)} times")
    return values[0]


def _value(arg: Arg, text: str) -> object:
    return _READ[arg.kind](arg.name, text)


def _text(name: str, text: str) -> str:
    del name
    return text


def _integer(name: str, text: str) -> int:
    if _WHOLE.fullmatch(text):
        return int(text)
    raise UsageError(f"{name!r} is {text!r:.40}, not a whole number")


def _flag(name: str, text: str) -> bool:
    if text not in _FLAGS:
        raise UsageError(f"{name!r} is {text!r}, not true or false")
    return _FLAGS[text]


def _duration(name: str, text: str) -> float:
    try:
        return parse_duration(text)
    except SpecError as error:
        raise UsageError(f"{name!r}: {error.problem}", hint=error.hint) from error


def _json(name: str, text: str) -> object:
    return strict_json(text, what=repr(name))


_READ: Mapping[Kind, Callable[[str, str], object]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.FLAG: _flag,
    Kind.DURATION: _duration,
    Kind.DOCUMENT: _json,
}
