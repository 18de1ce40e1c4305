"""Who is behind a request of a browser: a session, or else whoever another gate knows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from svcctl.auth.identity import Identity
from svcctl.errors import Unauthenticated
from svcctl.ports import Cancel
from svcctl.server.http.behind import source_of
from svcctl.server.http.exchange import Gate
from svcctl.server.web.guards import insist_on_csrf, insist_on_host, insist_on_own_page
from svcctl.server.web.sessions import Session, Sessions, csrf_of

if TYPE_CHECKING:
    from starlette.requests import Request

_LOOKS = ("GET", "HEAD")
_OWN_PROOFS = ("authorization", "signature-input")
_IN = " session "  # between the address and the session in an identity's source


class SessionGate:
    """Lets in by session, and by whatever *gate* takes; obeys the same Protocol.

    *names* are what this host is called by those who ask, besides its addresses; see
    :func:`svcctl.server.http.names.names_of`.  To be made where a loop runs.
    """

    def __init__(self, gate: Gate, *, sessions: Sessions, names: Collection[str] = ()) -> None:
        self._gate, self._sessions, self._names = gate, sessions, names
        for each in sessions.all():
            self._hold(each)

    async def identify(self, request: Request) -> Identity:
        """Give who asks; raises Denied for a page that is not ours, else as *gate* does.

        What a browser sends by itself, a cookie or a certificate, shows who sits there, not that
        they want this: where nothing else is shown, a page of ours must be asking.
        """
        if any(name in request.headers for name in _OWN_PROOFS):
            return await self._gate.identify(request)
        if request.method not in _LOOKS:
            insist_on_own_page(request.headers, scheme=request.url.scheme)
        session_id = request.cookies.get(cookie_name(request))
        if session_id is None:
            return await self._gate.identify(request)
        self.insist_on_name(request)
        session = self.session(session_id)
        if request.method not in _LOOKS:
            insist_on_csrf(request.headers, token=csrf_of(session_id))
        return _in_session(session, request)

    async def suspect(self, request: Request) -> Identity:
        """Give who seems to have asked, where that was refused: whose browser it is."""
        session = self._sessions.seen(request.cookies.get(cookie_name(request), ""))
        return _in_session(session, request) if session else await self._gate.suspect(request)

    def watch(
        self, identity: Identity, call: Callable[[], None], *, lasting: bool = False
    ) -> Cancel:
        """Have *call* made once what *identity* showed holds no more, or its session ends."""
        _, is_in, label = identity.source.rpartition(_IN)
        if not is_in:
            return self._gate.watch(identity, call, lasting=lasting)
        with ExitStack() as cancels:
            cancels.callback(self._gate.watch(identity, call, lasting=lasting))
            cancels.callback(self._sessions.watch(label, call))
            return cancels.pop_all().close

    async def log_in(self, request: Request) -> tuple[str, Session]:
        """Begin a session of who asks, by what else they show; raises what *gate* does."""
        self.insist_on_name(request)
        insist_on_own_page(request.headers, scheme=request.url.scheme)
        session_id, session = self._sessions.begin(await self._gate.identify(request))
        self._hold(session)
        return session_id, session

    def log_out(self, session: Session) -> None:
        """End a session, and whatever is open in it."""
        self._sessions.end(session.key)

    def session(self, session_id: str) -> Session:
        """Give the session of that id; raises Unauthenticated."""
        session = self._sessions.find(session_id)
        if session is None:
            raise Unauthenticated("the session is over", hint="log in again")
        return session

    def insist_on_name(self, request: Request) -> None:
        """Raise Denied where the request is for a name that is not ours."""
        address = (request.scope.get("server") or ("", None))[0]
        insist_on_host(request.headers, address=address, names=self._names)

    def _hold(self, session: Session) -> None:
        """End *session* once what was shown at its login holds no more.

        It outlasts an agent that is away: whatever is asked in it waits for the agent.
        """

        def end() -> None:
            self._sessions.end(session.key)

        holds = replace(session.identity, expires_at=session.ends_at)
        self._sessions.at_end(session, self._gate.watch(holds, end, lasting=True))


def cookie_name(request: Request) -> str:
    """Give what the cookie is called: with TLS no other host can have set one of that name."""
    return "__Host-svcctl" if request.url.scheme == "https" else "svcctl"


def _in_session(session: Session, request: Request) -> Identity:
    """Give who is in *session*, with where they ask from this time."""
    return replace(
        session.identity,
        source=f"{source_of(request)}{_IN}{session.label}",
        expires_at=session.ends_at,
    )
