"""What a stand-in answers: routes, their answers and faults, as plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PLACE = re.compile(_PARAMETER.pattern.encode())
ANY = "*"
"""The method of a route that answers all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong instead of an answer, with *probability*.

    *kind* is ``reset`` (the connection breaks), ``timeout`` (nothing comes, ever) or ``status``
    (an answer with *status*, from 500).
    """

    kind: str
    status: int = 0
    probability: float = 1.0


class Filling(StrEnum):
    """How ``{name}`` of a path's parameter is put into a body: not at all, as text, inside JSON."""

    NONE = "none"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: after from *delay_least* to *delay_most* seconds, unless *fault* strikes."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    filling: Filling = Filling.NONE
    delay_least: float = 0.0
    delay_most: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests that are answered alike, by *answers* one after the other; the last one stays.

    *query* must be in the request, among others perhaps.  *cycle*: after the last comes the first.
    """

    method: str
    path: str
    answers: tuple[Answer, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    cycle: bool = False

    @property
    def shown(self) -> str:
        """Give it as people write it: ``GET /users/{id}``."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.method} {self.path}{'?' if query else ''}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as routes look at it; *path* is decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


def asked(method: str, target: str) -> Asked:
    """Read the *target* of a request line; of a name given twice the last value counts."""
    path, _, query = target.partition("?")
    pairs = parse_qs(query, keep_blank_values=True, errors="replace")
    return Asked(
        method=method,
        path=unquote(path, errors="replace"),
        query={name: values[-1] for name, values in pairs.items()},
    )


def parameters(pattern: str) -> list[str]:
    """Give the names in a path such as ``/users/{id}``."""
    return _PARAMETER.findall(pattern)


def match(route: Route, request: Asked) -> dict[str, str] | None:
    """Give the parameters by name where *route* is for *request*, else None.

    A parameter is one part of the path, not empty.  HEAD is answered by routes for GET as well.
    """
    methods = {ANY, request.method, "GET" if request.method == "HEAD" else request.method}
    if route.method not in methods or not route.query.items() <= request.query.items():
        return None
    return match_path(route.path, request.path)


def match_path(pattern: str, path: str) -> dict[str, str] | None:
    """Give the parameters by name where *path* is as *pattern* says, else None."""
    parts = _PARAMETER.split(pattern)
    regex = "".join(
        f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
    found = re.fullmatch(regex, path)
    return None if found is None else found.groupdict()


def fill(answer: Answer, values: Mapping[str, str]) -> bytes:
    """Give the body of *answer* with *values* where it has their ``{name}``; other braces stay."""
    if answer.filling is Filling.NONE:
        return answer.body

    def filled(found: re.Match[bytes]) -> bytes:
        value = values.get(found[1].decode())
        if value is None:
            return found[0]
        text = json.dumps(value)[1:-1] if answer.filling is Filling.JSON else value
        return text.encode(errors="replace")

    return _PLACE.sub(filled, answer.body)
