"""A table of routes gives what a list of them gives, for every path there is and some others."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip(
    "svcctl.server.front.table", reason="Wine cannot load what serves", exc_type=ImportError
)

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from svcctl.server.front.table import Table
from svcctl.server.http.routes import routes


async def _answer(request: Request) -> Response:
    raise NotImplementedError


PATHS = ["/", "/login", "/assets/{path:path}", "/v1/operations/{id}"]
PATHS += dict.fromkeys(route.path for route in routes())
LISTED = [Route(path, _answer, methods=["GET"]) for path in PATHS]


def _scope(path: str, method: str) -> dict[str, Any]:
    return {"type": "http", "path": path, "method": method, "headers": []}


def _in_turn(path: str, method: str) -> tuple[Match, object, object]:
    for each in LISTED:
        match, child = each.matches(_scope(path, method))
        if match is not Match.NONE:
            return match, each, child["path_params"]
    return Match.NONE, None, None


ASKED = [
    *(
        path.replace("{name}", "web").replace("{id}", "x").replace("{path:path}", "a/b.js")
        for path in PATHS
    ),
    *("/nothing", "/v1", "/v1/services/web/nothing", "/v1/services//stop", "//", "", "/assets/"),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ASKED)
def test_the_same_route_is_found_as_by_trying_each_in_turn(path: str, method: str) -> None:
    match, child = Table(LISTED).matches(_scope(path, method))

    found = (match, child.get("svcctl.route"), child.get("path_params"))
    assert found == _in_turn(path, method)


def test_what_is_not_asked_by_http_has_no_route() -> None:
    assert Table(LISTED).matches({"type": "websocket", "path": "/"}) == (Match.NONE, {})
