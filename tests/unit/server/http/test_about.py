"""What a refused request was about is read where it is cheap, and of nobody who is not known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

pytest.importorskip("starlette", reason="Wine cannot load what serves")

from starlette.requests import Request
from starlette.types import Message

from svcctl.auth.identity import Identity, Proof, Way, unknown
from svcctl.server.http.about import about
from svcctl.server.http.routes import Route, routes

ANN = Identity(actor="token:ann", way=Way.HTTP, proof=Proof.TOKEN)
NOBODY = unknown(Way.HTTP, source="192.0.2.7")


def route_to(method: str, path: str) -> Route:
    (found,) = (each for each in routes() if (each.method, each.path) == (method, path))
    return found


async def named(
    body: bytes, *, who: Identity = ANN, route: Route | None = None, query: str = "", name: str = ""
) -> tuple[str, ...]:
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)] or [b""]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [],
        "query_string": query.encode(),
        "path_params": {"name": name} if name else {},
    }
    found = await about(Request(scope, receive), route or route_to("POST", "/v1/stop"), who)
    return found.names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"service": ["web", "d*"], "reason": "x"}', ("web", "d*")),
        (b'{"service": "web", "label": ["tier=1"]}', ("web", "tier=1")),
        (b'{"all": true}', ("*",)),
        (b"", ()),
        (b"service=web", ()),
        (b'{"service": 7}', ()),
        (b"[" * 10_000, ()),
        (json.dumps({"service": ["web"], "reason": "x" * 70_000}).encode(), ()),
        (json.dumps({"service": [f"s{number}" for number in range(30)]}).encode(), None),
        (json.dumps({"service": "s" * 500}).encode(), ("s" * 100,)),
    ],
    ids=["names", "labels", "all", "none", "form", "number", "deep", "long", "many", "long name"],
)
async def test_what_somebody_known_has_named_is_told(
    body: bytes, names: tuple[str, ...] | None
) -> None:
    assert await named(body) == (tuple(f"s{n}" for n in range(20)) if names is None else names)


async def test_of_nobody_known_no_body_is_read() -> None:
    body = b'{"service": "web"}'

    assert await named(body, who=NOBODY) == ()
    assert await named(body, who=replace(NOBODY, actor="ann")) == ()
    assert await named(body, who=NOBODY, name="db") == ("db",)


async def test_the_path_counts_first_and_a_look_has_its_names_in_the_query() -> None:
    assert await named(b'{"service": "web"}', name="db") == ("db",)
    look = route_to("GET", "/v1/logs")
    assert await named(b"", route=look, query="service=web&service=db&lines=1") == ("web", "db")
