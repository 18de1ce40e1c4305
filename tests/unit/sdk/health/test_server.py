"""The health port answers four paths, strictly, and nobody can keep it busy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SystemFault
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.http_words import BadRequestError, Request, accepts, parse
from svcctl.sdk.health.result import Group
from svcctl.sdk.health.server import HealthServer, Manners
from svcctl.testing.fakes import FakeClock

HOST = b"Host: localhost\r\n"


@dataclass(frozen=True)
class Answer:
    """An answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes


async def send(port: int, sent: bytes) -> bytes:
    """Give everything that comes back, until the other side hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def ask(port: int, path: str, *, method: str = "GET", accept: str = "*/*") -> Answer:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n"
    return read(await send(port, head.encode()))


def read(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), dict(pairs), body)


async def metrics(open_metrics: bool) -> tuple[str, bytes]:
    return ("open" if open_metrics else "plain"), b"some_total 1\n"


def play(
    story: Callable[[HealthServer, Checks], Awaitable[None]], manners: Manners | None = None
) -> None:
    async def told() -> None:
        checks = Checks(clock=FakeClock())
        async with (
            asyncio.timeout(60),
            HealthServer(checks, port=0, metrics=metrics, manners=manners) as server,
        ):
            await story(server, checks)

    asyncio.run(told())


async def broken() -> bool:
    return False


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 503), ("/health/live", 200), ("/health/ready?x=1", 503)]
)
def test_a_group_with_a_check_that_is_down_answers_503(path: str, status: int) -> None:
    async def story(server: HealthServer, checks: Checks) -> None:
        checks.add("db", broken)
        checks.add("alive", lambda: None, groups=[Group.LIVE])

        answer = await ask(server.port, path)

        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/json"
        found = json.loads(answer.body)
        assert found["status"] == ("UP" if status == 200 else "DOWN")
        assert found["components"]["alive"] == {"status": "UP"}

    play(story)


def test_who_wants_the_draft_gets_it() -> None:
    async def story(server: HealthServer, checks: Checks) -> None:
        checks.add("db", broken)

        answer = await ask(server.port, "/health", accept="text/html, application/health+json;q=1")

        assert answer.headers["Content-Type"] == "application/health+json"
        assert json.loads(answer.body)["status"] == "fail"

    play(story)


def test_metrics_are_given_as_the_scraper_wants_them() -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        plain = await ask(server.port, "/metrics")
        open_ = await ask(
            server.port, "/metrics", accept="application/openmetrics-text;version=1.0.0;q=0.5"
        )

        assert (plain.headers["Content-Type"], open_.headers["Content-Type"]) == ("plain", "open")
        assert plain.body == b"some_total 1\n"

    play(story)


def test_head_gets_the_length_and_no_body() -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        answer = await ask(server.port, "/health", method="HEAD")

        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) > 0
        assert answer.body == b""

    play(story)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/health/", 404),
        ("GET", "/health/../health", 404),
        ("POST", "/health", 405),
        ("DELETE", "/metrics", 405),
        ("HEAD", "/nothing", 404),
    ],
)
def test_nothing_else_is_answered(method: str, path: str, status: int) -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        answer = await ask(server.port, path, method=method)

        assert answer.status == status
        assert answer.headers.get("Allow") == ("GET, HEAD" if status == 405 else None)

    play(story)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET /health HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET  /health HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET http://x/health HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"X : y\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + b" folded\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"A: b\nC: d\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", 413),
        (b"GET /health HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 413),
        (b"get /health HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n", 431),
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_what_is_doubtful_is_refused(sent: bytes, status: int) -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        answer = await send(server.port, sent)

        if answer or status != 431:  # the rest of a large head may break the connection
            assert read(answer).status == status

    play(story)


def test_who_says_nothing_is_hung_up_on() -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        assert await send(server.port, b"GET /health HT") == b""

    play(story, Manners(patience=0.05))


def test_more_than_so_many_at_once_are_hung_up_on_and_then_there_is_room_again() -> None:
    async def story(server: HealthServer, _: Checks) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /hea")
        await writer.drain()
        while await send(server.port, b"GET /health HTTP/1.0\r\n\r\n"):
            continue  # until the first is being served

        writer.close()
        while not await send(server.port, b"GET /health HTTP/1.0\r\n\r\n"):
            continue
        assert await reader.read() == b""

    play(story, Manners(connections=1))


def test_closing_hangs_up_on_whoever_is_being_answered() -> None:
    async def story() -> None:
        never = asyncio.Event()
        checks = Checks(clock=FakeClock())
        checks.add("slow", never.wait)
        async with HealthServer(checks, port=0) as server:
            asked = asyncio.create_task(send(server.port, b"GET /health HTTP/1.0\r\n\r\n"))
            while not any(each.get_name() == "check slow" for each in asyncio.all_tasks()):
                await asyncio.sleep(0)

        assert await asked == b""
        await checks.close()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_without_metrics_there_is_no_such_path() -> None:
    async def story() -> None:
        async with HealthServer(Checks(clock=FakeClock()), port=0) as server:
            assert (await ask(server.port, "/metrics")).status == 404

    asyncio.run(story())


def test_a_port_that_is_taken_is_told() -> None:
    async def story(server: HealthServer, checks: Checks) -> None:
        with pytest.raises(SystemFault, match=f"127.0.0.1:{server.port}"):
            async with HealthServer(checks, port=server.port):
                pass

    play(story)


@given(head=st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(head: bytes) -> None:
    with suppress(BadRequestError):
        assert parse(head + b"\r\n\r\n").path.startswith("/")


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("a/b", True),
        ("x/y, A/B;v=1", True),
        ("a/b;q=0", False),
        ("a/b; q=0.0", False),
        ("a/*", False),
        ("", False),
    ],
)
def test_what_an_asker_accepts_is_read(accept: str, wanted: bool) -> None:
    request = Request(method="GET", path="/", headers={"accept": accept})

    assert accepts(request, "a/b") is wanted
