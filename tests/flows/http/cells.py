"""Every path with every method that a server has, as requests that lack nothing but a proof.

They are read from what is served, so that a new verb, page or path is tried without anybody
thinking of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from starlette.routing import BaseRoute, Route

from svcctl.app.verb import Selects, Verb
from svcctl.server.http.routes import routes

OPEN = {
    ("/", "GET"),
    ("/", "HEAD"),
    ("/assets/{path:path}", "GET"),
    ("/assets/{path:path}", "HEAD"),
    ("/health", "GET"),
    ("/health", "HEAD"),
    ("/login", "GET"),
    ("/login", "HEAD"),
    ("/login", "POST"),  # which takes the proof in its form
}
"""What is answered to strangers: that a process is here, and how to log in."""

OF_A_SESSION = {("/session", "GET"), ("/session", "HEAD"), ("/logout", "POST")}
"""What takes no proof but that of a browser."""

OF_ANYBODY_KNOWN = {"/v1/openapi.json", "/v1/operations/{id}"}
"""What takes no role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request, as it goes over the line."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def showing(self, **headers: str) -> Sent:
        """Give it with further headers."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One path with one method; *verb* is None where it stands for none."""

    path: str
    method: str
    verb: Verb | None

    def requests(self) -> list[Sent]:
        """Give the request about a service that is there, and about one that is not.

        It is one request where no service is meant.
        """
        names = ("web", "absent") if self._is_about_services() else ("web",)
        return [self._about(name) for name in names]

    def _is_about_services(self) -> bool:
        return self.verb is not None and self.verb.selects is not Selects.NONE

    def _about(self, name: str) -> Sent:
        target = self.path.replace("{name}", name).replace("{id}", "0" * 16)
        is_named = "{name}" in self.path or not self._is_about_services()
        if self.method == "POST":
            body = b"{}" if is_named else b'{"service":"%s"}' % name.encode()
            return Sent(method=self.method, target=target, body=body)
        query = "" if is_named else f"?service={name}"
        if self.method == "PUT":
            headers = {"if-match": "*"}
            return Sent(method="PUT", target=target + query, headers=headers, body=b"{}")
        return Sent(method=self.method, target=target + query)


def cells(paths: Iterable[BaseRoute]) -> list[Cell]:
    """Give every cell of *paths*, but for ``OPTIONS``, which says no more than the description."""
    verbs = {(each.path, each.method): each.verb for each in routes()}
    found = []
    for each in paths:
        assert isinstance(each, Route)
        for method in sorted((each.methods or set()) - {"OPTIONS"}):
            verb = verbs.get((each.path, "GET" if method == "HEAD" else method))
            if each.path == "/metrics":
                (verb,) = {one for one in verbs.values() if one.name == "metrics"}
            found.append(Cell(path=each.path, method=method, verb=verb))
    return found


def guarded(paths: Iterable[BaseRoute]) -> list[Cell]:
    """Give every cell that is not open to strangers."""
    return [each for each in cells(paths) if (each.path, each.method) not in OPEN]
