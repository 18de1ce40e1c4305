"""Every path and method, by sessions of browsers that do not suffice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from svcctl.server.web.sessions import LONGEST
from tests.flows.http.asking import Line
from tests.flows.http.cells import Sent, guarded
from tests.flows.http.matrix import (
    DENIED,
    UNKNOWN,
    Showing,
    ask,
    but_sessions,
    refused,
    told,
    verbs,
)
from tests.flows.http.stand import Stand, bearer_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("patience")]


FORM = "application/x-www-form-urlencoded"
Session = Callable[[Stand, Line], Awaitable[Showing]]


async def _log_in(
    stand: Stand, line: Line, *, who: str = "ann", role: str = "admin"
) -> tuple[str, str]:
    """Give the cookie of a session, and what only its pages know."""
    body = f"token={stand.token(who, role=role)}".encode()
    answer = await line.ask("POST", "/login", {"content-type": FORM}, body)
    assert answer.status == 200, answer.body
    return answer.headers["set-cookie"].partition(";")[0], answer.json()["csrf"]


async def _that_is_over(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    assert stand.sessions
    (session,) = stand.sessions.all()
    session.begun_at -= LONGEST + 1
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf)


async def _that_nobody_uses(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    assert stand.sessions
    (session,) = stand.sessions.all()
    session.used_at -= LONGEST
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf)


async def _that_was_left(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    headers = {"cookie": cookie, "x-svcctl-csrf": csrf}
    assert (await line.ask("POST", "/logout", headers, b"")).status == 204
    return lambda sent: sent.showing(**headers)


async def _whose_token_was_revoked(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    assert stand.sessions
    (session,) = stand.sessions.all()
    stand.revocations.revoke(session.identity.token_id, until=None, now=stand.clock.now())
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf)


async def _beside_a_token_of_nobody(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    headers = {"cookie": cookie, "x-svcctl-csrf": csrf, **bearer_of("a.b.c")}
    return lambda sent: sent.showing(**headers)


@pytest.mark.parametrize(
    "session",
    [
        *(_that_is_over, _that_nobody_uses, _that_was_left),
        *(_whose_token_was_revoked, _beside_a_token_of_nobody),
    ],
)
def test_no_path_takes_a_session_that_does_not_hold(whole: Stand, session: Session) -> None:
    async def story(stand: Stand, line: Line) -> None:
        await refused(line, but_sessions(stand), await session(stand, line), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


async def _without_what_pages_know(stand: Stand, line: Line) -> Showing:
    cookie, _ = await _log_in(stand, line)
    return lambda sent: sent.showing(cookie=cookie)


async def _with_what_pages_of_another_know(stand: Stand, line: Line) -> Showing:
    cookie, _ = await _log_in(stand, line)
    _, csrf = await _log_in(stand, line, who="bob")
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf)


async def _from_a_page_elsewhere(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    origin = "http://evil.example"
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf, origin=origin)


async def _from_a_site_elsewhere(stand: Stand, line: Line) -> Showing:
    cookie, csrf = await _log_in(stand, line)
    site = "cross-site"
    return lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf, sec_fetch_site=site)


@pytest.mark.parametrize(
    "session",
    [
        *(_without_what_pages_know, _with_what_pages_of_another_know),
        *(_from_a_page_elsewhere, _from_a_site_elsewhere),
    ],
)
def test_no_path_changes_anything_but_for_a_page_of_ours(whole: Stand, session: Session) -> None:
    async def story(stand: Stand, line: Line) -> None:
        changes = [each for each in guarded(stand.paths) if each.method not in {"GET", "HEAD"}]
        showing = await session(stand, line)
        await refused(line, changes, showing, DENIED)
        assert (stand.came, stand.rows) == ([], [])
        assert (await ask(line, showing(Sent(method="GET", target="/session")))).status == 200

    told(whole, story)


def test_no_path_is_for_a_session_under_a_name_that_is_not_ours(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        cookie, csrf = await _log_in(stand, line)
        await refused(
            line,
            guarded(stand.paths),
            lambda sent: sent.showing(cookie=cookie, x_svcctl_csrf=csrf, host="evil.example"),
            DENIED,
        )
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


def test_no_path_is_for_a_session_without_its_role(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        cookie, csrf = await _log_in(stand, line, role="")
        shown = {"cookie": cookie, "x-svcctl-csrf": csrf}
        await refused(line, verbs(stand), lambda sent: sent.showing(**shown), DENIED)
        assert stand.came == []
        assert {row.outcome for row in stand.rows} == {"asked", DENIED[1]}

    told(whole, story)
