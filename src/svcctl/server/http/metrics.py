"""``GET /metrics``: what the agent counts and measures, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from svcctl.app.waiting import Nobody
from svcctl.auth.identity import Identity
from svcctl.server.http.negotiation import chosen
from svcctl.wire import Selection

if TYPE_CHECKING:
    from starlette.requests import Request

    from svcctl.server.answers import Answers

_TEXT = "text/plain"


async def page_of_metrics(request: Request, answers: Answers, *, identity: Identity) -> Response:
    """Give the page, in the text format 0.0.4; raises what the verb does, HttpError."""
    chosen(request.headers.get("accept", ""), (_TEXT,))
    found = await answers.carry_out(
        "metrics", selection=Selection(), args={}, identity=identity, emit=Nobody()
    )
    assert isinstance(found, dict)
    return Response(found["text"], headers={"content-type": found["type"]})
