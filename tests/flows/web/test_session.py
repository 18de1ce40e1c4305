"""Sessions as a browser has them: who gets one, what it is good for, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.server.web.guards import CSRF
from svcctl.wire import Selection
from tests.flows.web.verbs import PATIENCE, Place

pytestmark = pytest.mark.slow

Story = Callable[[Place, httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def place() -> Place:
    """A dashboard before verbs that say what they were asked."""
    return Place()


def told(place: Place, story: Story) -> None:
    """Have *story* happen at *place*, with a browser's client that nobody logged in with."""

    async def tell() -> None:
        async with asyncio.timeout(PATIENCE), place.open() as client:
            await story(place, client)

    asyncio.run(tell())


async def log_in(place: Place, client: httpx.AsyncClient, **how: str) -> dict[str, str]:
    """Log in; give the header that a page of ours would say."""
    answer = await client.post("/login", data={"token": place.token(**how)})
    assert answer.status_code == 200, answer.text
    return {CSRF: answer.json()["csrf"]}


def test_a_token_is_changed_for_a_session(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        before = await client.get("/v1/services")
        answer = await client.post("/login", data={"token": place.token("ann", role="viewer")})
        after = await client.get("/v1/services")
        told = (await client.get("/session")).json()

        assert (before.status_code, answer.status_code, after.status_code) == (401, 200, 200)
        assert (told["actor"], told["roles"]) == ("token:ann", ["viewer"])
        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith("svcctl=")
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "domain=" not in cookie
        assert answer.headers["cache-control"] == "no-store"

    told(place, story)


def test_with_tls_the_cookie_is_of_this_host_alone(place: Place) -> None:
    async def tell() -> None:
        transport = httpx.ASGITransport(place.application())
        async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
            answer = await client.post("/login", data={"token": place.token()})
            after = await client.get("/session")

        cookie = answer.headers["set-cookie"].lower()
        assert cookie.startswith("__host-svcctl=")
        assert "secure" in cookie
        assert "path=/" in cookie
        assert after.status_code == 200

    asyncio.run(tell())


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a\r\nx-evil: 1", "😀"])
def test_what_is_no_token_logs_nobody_in(place: Place, token: str) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        del place
        answer = await client.post("/login", data={"token": token})

        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers

    told(place, story)


def test_logins_that_fail_are_counted_with_all_other_failures(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        answers = [await client.post("/login", data={"token": "x"}) for _ in range(21)]
        late = await client.post("/login", data={"token": place.token()})
        by_header = await client.get(
            "/v1/services", headers={"authorization": f"Bearer {place.token()}"}
        )

        assert [each.status_code for each in answers] == [401] * 20 + [429]
        assert (late.status_code, by_header.status_code) == (429, 429)

    told(place, story)


@pytest.mark.parametrize("said", [{}, {CSRF: ""}, {CSRF: "0" * 64}])
def test_a_change_needs_what_only_our_pages_know(place: Place, said: dict[str, str]) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        csrf = await log_in(place, client)
        refused = await client.post("/v1/services/web/stop", headers=said)
        done = await client.post("/v1/services/web/stop", headers=csrf)

        assert (refused.status_code, done.status_code) == (403, 200)
        assert place.came == ["stop"]

    told(place, story)


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/services/web/stop", "/logout", "/login"])
def test_what_a_page_elsewhere_asks_for_is_not_done(
    place: Place, path: str, said: dict[str, str]
) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        csrf = await log_in(place, client)
        form = {"token": place.token()} if path == "/login" else {}
        refused = await client.post(path, headers={**csrf, **said}, data=form)
        still = await client.get("/session")

        assert refused.status_code == 403
        assert still.status_code == 200
        assert place.came == []

    told(place, story)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.1.2.3", "a b", ""])
@pytest.mark.parametrize("path", ["/", "/login", "/session", "/assets/app.js", "/v1/services"])
def test_a_name_that_is_not_ours_gets_nothing(place: Place, path: str, host: str) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        await log_in(place, client)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        headers = {"host": host, "cookie": cookie}
        answer = await client.get(path, headers=headers)
        entered = await client.post("/login", headers=headers, data={"token": place.token()})

        assert answer.status_code == 403
        assert entered.status_code == 403

    told(place, story)


def test_names_that_are_ours_are_those_of_loopback_and_those_configured(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        hosts = ("localhost", f"localhost:{place.port}", "[::1]:9", "ops.example.org")
        answers = [await client.get("/", headers={"host": each}) for each in hosts]

        assert [each.status_code for each in answers] == [200] * 4

    place.names = ("ops.example.org",)
    told(place, story)


def test_logging_out_ends_the_session_and_its_streams(place: Place) -> None:
    follows = asyncio.Event()

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        emit({"number": 1})
        follows.set()
        return await asyncio.Event().wait()

    async def story(place: Place, client: httpx.AsyncClient) -> None:
        csrf = await log_in(place, client)
        stolen = {"cookie": f"svcctl={client.cookies['svcctl']}"}
        accept = {"accept": "text/event-stream"}
        params = {"follow": "true"}
        async with client.stream("GET", "/v1/events", params=params, headers=accept) as answer:
            lines = answer.aiter_lines()
            await follows.wait()
            done = await client.post("/logout", headers=csrf)
            left = [line async for line in lines]
        after = await client.get("/v1/services", headers=stolen)

        assert done.status_code == 204
        assert "event: error" in left
        assert after.status_code == 401
        assert "svcctl" not in client.cookies
        assert place.sessions() == 0

    place.deeds["events"] = events
    told(place, story)


def test_a_token_that_is_revoked_ends_its_sessions_and_their_streams(place: Place) -> None:
    follows = asyncio.Event()

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        follows.set()
        return await asyncio.Event().wait()

    async def story(place: Place, client: httpx.AsyncClient) -> None:
        await log_in(place, client, who="bob")
        accept = {"accept": "text/event-stream"}
        params = {"follow": "true"}
        async with client.stream("GET", "/v1/events", params=params, headers=accept) as answer:
            lines = answer.aiter_lines()
            await follows.wait()
            place.revoke("bob")
            left = [line async for line in lines]
        after = await client.get("/v1/services")

        assert "event: error" in left
        assert after.status_code == 401
        assert place.sessions() == 0

    place.deeds["events"] = events
    told(place, story)


def test_a_session_outlives_the_process_that_serves_it(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        csrf = await log_in(place, client)
        async with place.open() as other:
            other.cookies = client.cookies
            answer = await other.post("/v1/services/web/stop", headers=csrf)

        assert answer.status_code == 200

    told(place, story)


def test_a_token_revoked_while_nobody_served_ends_its_session(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        await log_in(place, client, who="bob")
        place.revoke("bob")
        async with place.open() as other:
            other.cookies = client.cookies
            answer = await other.get("/v1/services")

        assert answer.status_code == 401

    told(place, story)


def test_who_asks_from_a_session_is_audited_with_it(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        csrf = await log_in(place, client, who="ann")
        await client.post("/v1/services/web/stop", headers=csrf, json={"reason": "too loud"})

        row = place.rows[-1]
        assert (row.actor, row.way, row.verb) == ("token:ann", "http", "stop")
        assert row.source.startswith("127.0.0.1 session ")
        assert client.cookies["svcctl"] not in row.source

    told(place, story)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/nothing.js",
        "/assets/../__init__.py",
        "/assets/../../http/gate.py",
        "/assets/%2e%2e/gate.py",
        "/assets/..%2fgate.py",
        "/assets//etc/passwd",
        "/assets/lib%00/dom.js",
        "/assets/lib\\dom.js",
    ],
)
def test_no_path_leads_out_of_the_files_of_the_dashboard(place: Place, path: str) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        del client
        assert await place.status_of(path) == 404

    told(place, story)


def test_files_are_sent_once_and_guarded(place: Place) -> None:
    async def story(place: Place, client: httpx.AsyncClient) -> None:
        del place
        page = await client.get("/")
        again = await client.get("/", headers={"if-none-match": page.headers["etag"]})
        script = await client.get("/assets/app.js")

        assert (page.status_code, again.status_code, again.content) == (200, 304, b"")
        assert script.headers["content-type"].startswith("text/javascript")
        for answer in (page, again, script):
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'self'")
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"

    told(place, story)
