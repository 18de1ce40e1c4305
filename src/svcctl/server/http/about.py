"""Which services a refused request was about, for the audit log: as far as it is cheap to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.app.asked import target
from svcctl.auth.identity import Identity, Proof
from svcctl.errors import SvcctlError
from svcctl.server.http.arguments import from_body, from_query
from svcctl.server.http.body import body_of
from svcctl.server.http.problem import HttpError
from svcctl.server.http.routes import Route
from svcctl.wire import Selection

if TYPE_CHECKING:
    from starlette.requests import Request

_READ = 64 * 1024  # bytes of a body
_MOST, _LONGEST = 20, 100  # names, and characters of one


async def about(request: Request, route: Route, who: Identity) -> Selection:
    """Give the services that *who* has named: in the path, else in the query or the body.

    Those are not read of whom nothing is known: strangers decide neither what is read here nor what
    is written down.  Who is known by session or certificate may still not have wanted this.
    """
    name = request.path_params.get("name", "")
    if name or who.proof is Proof.NOTHING:
        return Selection(names=(name[:_LONGEST],) if name else ())
    try:
        if route.method == "POST":
            named = target(*from_body(route, name, await body_of(request, most=_READ)))
        else:
            named = target(*from_query(route, name, request.query_params.multi_items()))
    except (SvcctlError, HttpError):  # it would have been refused for that
        return Selection()
    return Selection(names=tuple(each[:_LONGEST] for each in named.split()[:_MOST]))
