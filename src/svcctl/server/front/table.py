"""Finds the route of a path at once, however many there are; each is tried in turn otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Route

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_CHOSEN = "svcctl.route"


class Table(BaseRoute):
    """Stands for *routes*, the first of which that fits a path is taken, as if it were alone."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._by_key: dict[tuple[int, str], list[BaseRoute]] = {}
        self._others: list[BaseRoute] = []
        for each in routes:
            key = _key_of_route(each)
            if key is None:
                self._others.append(each)
            else:
                self._by_key.setdefault(key, []).append(each)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Give how well the path and the method fit, and what the route makes of them."""
        if scope["type"] != "http":
            return Match.NONE, {}
        key = _key_of_path(scope["path"])
        for each in (*self._by_key.get(key, ()), *self._others):
            match, child = each.matches(scope)
            if match is not Match.NONE:
                return match, {**child, _CHOSEN: each}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route that was found answer."""
        await scope[_CHOSEN].handle(scope, receive, send)


def _key_of_route(route: BaseRoute) -> tuple[int, str] | None:
    """Give the number of parts of its path and the last of them; None where that may be any."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return None
    key = _key_of_path(route.path)
    return None if "{" in key[1] else key


def _key_of_path(path: str) -> tuple[int, str]:
    return path.count("/"), path.rpartition("/")[2]
