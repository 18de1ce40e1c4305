"""Which path and method stands for which verb: derived from the table, so that none is missed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.app.verb import Effect, Selects, Verb
from svcctl.app.verbs import VERBS, find

_SERVICES = "/v1/services"
_ALIASES: tuple[tuple[str, str, str], ...] = (
    ("GET", "/status", "status"),
    ("GET", "/v1/services", "status"),
    ("POST", "/restart", "restart"),
    ("POST", "/reload", "reload"),
    ("POST", "/v1/apply", "apply-signed"),
    ("GET", "/config", "config"),
    ("PUT", "/config", "set-config"),
)
"""Further paths that many tools use, where services are named as in ``?service=web``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path with one method, and the verb it stands for.

    *names_one*: the path itself says which service it is about.
    """

    method: str
    path: str
    verb: Verb
    names_one: bool = False

    @property
    def operation(self) -> str:
        """What it is called in descriptions, such as ``start_services`` or ``start_service``."""
        name = self.verb.name.replace("-", "_")
        if self.verb.selects is Selects.NONE:
            return name
        return f"{name}_service" if self.names_one else f"{name}_services"


def routes() -> tuple[Route, ...]:
    """Give every route there is, each path and method once.

    A verb that is answered on this machine alone has none.
    """
    found: list[Route] = []
    for verb in VERBS:
        if not verb.local_only:
            found += _of(verb)
    for method, path, name in _ALIASES:
        verb = _known(name)
        found.append(Route(method=method, path=path, verb=verb))
    status = Route(method="GET", path=f"{_SERVICES}/{{name}}", verb=_known("status"))
    config = Route(method="PUT", path=f"{_SERVICES}/{{name}}/config", verb=_known("set-config"))
    found += [replace(each, names_one=True) for each in (status, config)]
    return tuple(found)


def _of(verb: Verb) -> list[Route]:
    method = "GET" if verb.effect is Effect.READ else "POST"
    found = []
    if verb.selects is not Selects.ONE:
        found.append(Route(method=method, path=f"/v1/{verb.name}", verb=verb))
    if verb.selects is not Selects.NONE:
        path = f"{_SERVICES}/{{name}}/{verb.name}"
        found.append(Route(method=method, path=path, verb=verb, names_one=True))
    return found


def _known(name: str) -> Verb:
    verb = find(name)
    assert verb is not None, name
    return verb
