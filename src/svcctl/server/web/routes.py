"""The paths of the dashboard: its one page, its files, and logging in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from svcctl.app.dispatch import CONNECT
from svcctl.app.verbs import VERBS
from svcctl.errors import Denied, SvcctlError, Unauthenticated, UsageError
from svcctl.ports import Document
from svcctl.server.http.body import body_of
from svcctl.server.http.exchange import REQUEST_ID, id_of
from svcctl.server.http.problem import answer_of
from svcctl.server.refusals import Refusals
from svcctl.server.web.files import INDEX, table
from svcctl.server.web.gate import SessionGate, cookie_name
from svcctl.server.web.guards import insist_on_csrf, insist_on_own_page
from svcctl.server.web.sessions import Session, csrf_of
from svcctl.wire import Selection

_Work = Callable[[Request], Awaitable[Response]]

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_FORM = "application/x-www-form-urlencoded"
_OTHER_PROOFS = (b"authorization", b"signature-input")
_PRIVATE = {"cache-control": "no-store"}


def dashboard(gate: SessionGate, *, refusals: Refusals | None = None) -> list[BaseRoute]:
    """Give the routes of the dashboard, whose sessions *gate* knows.

    The same gate is to be that of the application, so that its pages can ask for the rest.
    *refusals* has it written down who is not let in, and whose logout is not taken for theirs.
    """

    async def page(request: Request) -> Response:
        gate.insist_on_name(request)
        return _file(request, INDEX)

    async def asset(request: Request) -> Response:
        gate.insist_on_name(request)
        return _file(request, request.path_params["path"])

    async def session(request: Request) -> Response:
        session_id = _session_id(request)
        gate.insist_on_name(request)
        return JSONResponse(_document(session_id, gate.session(session_id)), headers=_PRIVATE)

    async def log_in(request: Request) -> Response:
        shown = await _as_shown(request)
        session_id, begun = await gate.log_in(shown)
        answer = JSONResponse(_document(session_id, begun), headers=_PRIVATE)
        _keep(answer, request, session_id)
        return answer

    async def login(request: Request) -> Response:
        return await (attempt if request.method == "POST" else page)(request)

    async def log_out(request: Request) -> Response:
        session_id = _session_id(request)
        gate.insist_on_name(request)
        insist_on_own_page(request.headers, scheme=request.url.scheme)
        insist_on_csrf(request.headers, token=csrf_of(session_id))
        gate.log_out(gate.session(session_id))
        answer = Response(status_code=204, headers=_PRIVATE)
        _keep(answer, request, "", forget=True)
        return answer

    attempt = _noted(log_in, gate, refusals)
    end = _noted(log_out, gate, refusals)
    return [
        Route("/", _answered(page), methods=["GET"]),
        Route("/login", _answered(login), methods=["GET", "POST"]),
        Route("/logout", _answered(end), methods=["POST"]),
        Route("/session", _answered(session), methods=["GET"]),
        Route("/assets/{path:path}", _answered(asset), methods=["GET"]),
    ]


def _noted(work: _Work, gate: SessionGate, refusals: Refusals | None) -> _Work:
    """Have it written down where *work* is refused."""

    async def try_it(request: Request) -> Response:
        try:
            return await work(request)
        except Denied as error:
            if refusals:
                who = await gate.suspect(request)
                await refusals.note(error, verb=CONNECT, selection=Selection(), identity=who)
            raise

    return try_it


def _answered(work: _Work) -> Callable[[Request], Awaitable[Response]]:
    """Have errors of ours answered as problems, and every answer carry what keeps pages safe."""

    async def answer(request: Request) -> Response:
        request_id = id_of(request)
        try:
            response = await work(request)
        except SvcctlError as error:
            response = answer_of(error, request_id=request_id)
            response.headers.update(_PRIVATE)
        response.headers.update({REQUEST_ID: request_id, **_HEADERS})
        return response

    return answer


def _file(request: Request, path: str) -> Response:
    """Give a file of the table, or that the browser has it already."""
    found = table().get(path)
    if found is None:
        told = UsageError(f"{request.url.path} is nothing that can be asked for")
        return answer_of(told, request_id=id_of(request), status=404)
    headers = {"cache-control": "no-cache", "etag": found.tag}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


async def _as_shown(request: Request) -> Request:
    """Give the request as if the token of its form were in its header; without one as it is.

    So it is looked at, and failures are counted, where all others are.
    """
    if request.headers.get("content-type", "").partition(";")[0] != _FORM:
        raise UsageError("a login is a form", hint=f"Content-Type: {_FORM}")
    fields = parse_qs((await body_of(request)).decode(errors="replace"))
    token = fields.get("token", [""])[-1].strip()
    headers = [each for each in request.scope["headers"] if each[0] not in _OTHER_PROOFS]
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    return Request({**request.scope, "headers": headers})


def _session_id(request: Request) -> str:
    found = request.cookies.get(cookie_name(request))
    if found is None:
        raise Unauthenticated("nobody is logged in", hint="log in")
    return found


def _document(session_id: str, session: Session) -> Document:
    """Give what a page needs to know of who is logged in."""
    identity = session.identity
    return {
        "actor": identity.actor,
        "proof": str(identity.proof),
        "roles": list(identity.roles),
        "ends_at": session.ends_at,
        "now": session.used_at,
        "csrf": csrf_of(session_id),
        "verbs": {
            verb.name: {"role": str(verb.role), "effect": str(verb.effect)}
            for verb in VERBS
            if not verb.local_only
        },
    }


def _keep(answer: Response, request: Request, session_id: str, *, forget: bool = False) -> None:
    """Have the browser keep the session's id from scripts and from other sites, or forget it."""
    answer.set_cookie(
        cookie_name(request),
        session_id,
        max_age=0 if forget else None,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
