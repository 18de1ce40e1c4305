"""The HTTP interface as an ASGI application: routes of the verb table, and a few of its own."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as Path

from svcctl.auth.identity import Identity
from svcctl.errors import Denied, SvcctlError, Unauthenticated, UnknownService, UsageError
from svcctl.ports import Clock
from svcctl.server.answers import Answers
from svcctl.server.http.about import about
from svcctl.server.http.exchange import Exchange, Gate, id_of, shown
from svcctl.server.http.metrics import page_of_metrics
from svcctl.server.http.once import Once, wish_of
from svcctl.server.http.openapi import description
from svcctl.server.http.operations import Operations
from svcctl.server.http.problem import HttpError, answer_of
from svcctl.server.http.routes import Route, routes
from svcctl.server.http.signing_off import signed_off
from svcctl.server.http.written import Written
from svcctl.server.idempotency_keys import Keys
from svcctl.server.refusals import Refusals

log = logging.getLogger(__name__)

_Work = Callable[[Request, str], Awaitable[Response]]

_OK, _NO_CONTENT = 200, 204


def application(
    answers: Answers,
    *,
    gate: Gate,
    clock: Clock,
    also: Sequence[BaseRoute] = (),
    keys: Keys | None = None,
    refusals: Refusals | None = None,
) -> Starlette:
    """Give the application that asks *answers* on behalf of those whom *gate* lets in.

    *also* are further routes, which look after themselves: who asks, errors, headers.  *keys*
    remembers what is to be done once; without them it is remembered as long as this process lives.
    *refusals* has it written down where somebody who would change something is not let in, or where
    a page or a name that is not ours is behind it.
    """
    operations, written = Operations(clock), Written()
    once = Once(Keys("", clock=clock) if keys is None else keys, operations)

    async def of_route(route: Route, request: Request, request_id: str) -> Response:
        identity = await _identified(request, route, gate, refusals)
        exchange = Exchange(
            request=request,
            route=route,
            identity=identity,
            answers=answers,
            gate=gate,
            operations=operations,
            written=written,
            request_id=request_id,
        )
        wanted = await exchange.understand()
        if route.method == "GET":
            return await exchange.answer(wanted)
        wish = await wish_of(request, actor=identity.actor)
        if wish is None:
            return await exchange.answer(wanted)
        return await once.answer(wish, partial(exchange.answer, wanted), request_id=request_id)

    async def operation(request: Request, request_id: str) -> Response:
        del request_id
        identity = await gate.identify(request)
        found = operations.find(request.path_params["id"], identity.actor)
        if found is None:
            raise UnknownService("no such operation", hint="it is over for more than an hour")
        return shown(found, status=_OK)

    async def scraped(request: Request, request_id: str) -> Response:
        del request_id
        return await page_of_metrics(request, answers, identity=await gate.identify(request))

    async def described(request: Request, request_id: str) -> Response:
        del request_id
        await gate.identify(request)
        return JSONResponse(description())

    works: dict[tuple[str, str], _Work] = {
        (each.path, each.method): partial(of_route, each) for each in routes()
    }
    works |= {
        ("/v1/operations/{id}", "GET"): operation,
        ("/v1/openapi.json", "GET"): described,
        ("/metrics", "GET"): scraped,
    }
    alive = Path("/health", _alive, methods=["GET"])
    made = Starlette(
        routes=[*also, alive, *_paths(works)],
        exception_handlers={404: _no_path, 405: _no_path, 500: _failed, HttpError: _refused},
    )
    made.router.redirect_slashes = False  # nobody is sent on to where a header says
    return made


async def _identified(
    request: Request, route: Route, gate: Gate, refusals: Refusals | None
) -> Identity:
    """Give who asks for the verb of *route*; who is refused it is written down, see application."""
    try:
        return await gate.identify(request)
    except Denied as error:
        is_mere_look = isinstance(error, Unauthenticated) and route.method == "GET"
        if refusals and not is_mere_look:
            who = await gate.suspect(request)
            selection = await about(request, route, who)
            await refusals.note(error, verb=route.verb.name, selection=selection, identity=who)
        raise


def _paths(works: Mapping[tuple[str, str], _Work]) -> Iterator[BaseRoute]:
    """Give a route for each path, which says what can be done there: ``OPTIONS``, and 405."""
    by_path: dict[str, dict[str, _Work]] = {}
    for (path, method), work in works.items():
        by_path.setdefault(path, {})[method] = work
    for path, known in by_path.items():
        if "GET" in known:
            known["HEAD"] = known["GET"]
        yield Path(path, _by_method(known), methods=[*known, "OPTIONS"])


def _by_method(known: Mapping[str, _Work]) -> Callable[[Request], Awaitable[Response]]:
    answers = {method: _answered(work) for method, work in known.items()}
    allowed = ", ".join(sorted([*known, "OPTIONS"]))

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            options = Response(status_code=_NO_CONTENT, headers={"allow": allowed})
            return signed_off(options, id_of(request))
        return await answers[request.method](request)

    return answer


async def _alive(request: Request) -> Response:
    """Say that this process answers; of services nothing is told to who shows no credentials."""
    return signed_off(JSONResponse({"status": "ok"}), id_of(request))


def _answered(work: _Work) -> Callable[[Request], Awaitable[Response]]:
    """Have every error of ours answered as a problem, and every answer carry its request's id."""

    async def answer(request: Request) -> Response:
        request_id = id_of(request)
        try:
            response = await work(request, request_id)
        except Unauthenticated as error:
            response = answer_of(error, request_id=request_id)
            response.headers["www-authenticate"] = _challenge(request)
        except SvcctlError as error:
            response = answer_of(error, request_id=request_id)
        except HttpError as found:
            return await _refused(request, found)
        except Exception:
            log.exception("http.failed", extra={"path": request.url.path, "id": request_id})
            response = answer_of(
                SvcctlError("it failed inside svcctl", hint="see the log of the agent"),
                request_id=request_id,
            )
        return signed_off(response, request_id)

    return answer


def _challenge(request: Request) -> str:
    """Say how to show who one is, and whether what was shown does not hold (RFC 6750)."""
    wrong = ', error="invalid_token"' if "authorization" in request.headers else ""
    return f'Bearer realm="svcctl"{wrong}'


async def _refused(request: Request, found: Exception) -> Response:
    assert isinstance(found, HttpError)
    request_id = id_of(request)
    response = answer_of(found.error, request_id=request_id, status=found.status)
    response.headers.update(found.headers)
    return signed_off(response, request_id)


async def _no_path(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    problem = f"{request.method} {request.url.path} is nothing that can be asked for"
    told = UsageError(problem, hint="see /v1/openapi.json")
    request_id = id_of(request)
    response = answer_of(told, request_id=request_id, status=status)
    said = dict(getattr(error, "headers", None) or {})
    if "Allow" in said:
        said["Allow"] = ", ".join(sorted(said["Allow"].split(", ")))
    response.headers.update(said)
    return signed_off(response, request_id)


async def _failed(request: Request, error: Exception) -> Response:
    del error  # logged by whoever serves
    told = SvcctlError("it failed inside svcctl", hint="see the log of the agent")
    request_id = id_of(request)
    return signed_off(answer_of(told, request_id=request_id), request_id)
