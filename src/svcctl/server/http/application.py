"""The HTTP interface as an ASGI application: routes of the verb table, and a few of its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from svcctl.errors import SvcctlError, Unauthenticated, UnknownService, UsageError
from svcctl.ports import Clock
from svcctl.server.http.exchange import REQUEST_ID, Answers, Exchange, Gate, id_of
from svcctl.server.http.openapi import description
from svcctl.server.http.operations import Operations
from svcctl.server.http.problem import answer_of
from svcctl.server.http.routes import Route, routes

log = logging.getLogger(__name__)

_Work = Callable[[Request, str], Awaitable[Response]]

_SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every answer that says nothing else of the same."""


def application(answers: Answers, *, gate: Gate, clock: Clock) -> Starlette:
    """Give the application that asks *answers* on behalf of those whom *gate* lets in."""
    operations = Operations(clock)

    async def of_route(route: Route, request: Request, request_id: str) -> Response:
        exchange = Exchange(
            request=request,
            route=route,
            identity=await gate.identify(request),
            answers=answers,
            gate=gate,
            operations=operations,
            request_id=request_id,
        )
        return await exchange.answer()

    async def operation(request: Request, request_id: str) -> Response:
        del request_id
        identity = await gate.identify(request)
        found = operations.find(request.path_params["id"], identity.actor)
        if found is None:
            raise UnknownService("no such operation", hint="it is over for more than an hour")
        return JSONResponse(found.document())

    async def described(request: Request, request_id: str) -> Response:
        del request_id
        await gate.identify(request)
        return JSONResponse(description())

    paths = [
        Path(each.path, _answered(partial(of_route, each)), methods=[each.method])
        for each in routes()
    ]
    paths += [
        Path("/v1/operations/{id}", _answered(operation), methods=["GET"]),
        Path("/v1/openapi.json", _answered(described), methods=["GET"]),
        Path("/health", _alive, methods=["GET"]),
    ]
    return Starlette(routes=paths, exception_handlers={404: _no_path, 405: _no_path, 500: _failed})


async def _alive(request: Request) -> Response:
    """Say that this process answers; of services nothing is told to who shows no credentials."""
    del request
    return JSONResponse({"status": "ok"}, headers=_SAFE)


def _answered(work: _Work) -> Callable[[Request], Awaitable[Response]]:
    """Have every error of ours answered as a problem, and every answer carry its request's id."""

    async def answer(request: Request) -> Response:
        request_id = id_of(request)
        try:
            response = await work(request, request_id)
        except Unauthenticated as error:
            response = answer_of(error, request_id=request_id)
            response.headers["www-authenticate"] = 'Bearer realm="svcctl"'
        except SvcctlError as error:
            response = answer_of(error, request_id=request_id)
        except Exception:
            log.exception("http.failed", extra={"path": request.url.path, "id": request_id})
            response = answer_of(
                SvcctlError("it failed inside svcctl", hint="see the log of the agent"),
                request_id=request_id,
            )
        response.headers[REQUEST_ID] = request_id
        for name, value in _SAFE.items():
            response.headers.setdefault(name, value)
        return response

    return answer


async def _no_path(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    problem = f"{request.method} {request.url.path} is nothing that can be asked for"
    told = UsageError(problem, hint="see /v1/openapi.json")
    response = answer_of(told, request_id=id_of(request), status=status)
    response.headers.update(_SAFE | dict(getattr(error, "headers", None) or {}))
    return response


async def _failed(request: Request, error: Exception) -> Response:
    del error  # logged by whoever serves
    told = SvcctlError("it failed inside svcctl", hint="see the log of the agent")
    return answer_of(told, request_id=id_of(request))
