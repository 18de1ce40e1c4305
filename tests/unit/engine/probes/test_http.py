"""HTTP checks against real servers, the well-behaved and the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.engine.probes.http import check_http, post

EXPECT = "200-399"


@pytest.mark.parametrize(
    ("status", "expect", "problem"),
    [
        ("200 OK", EXPECT, ""),
        ("204 No Content", EXPECT, ""),
        ("503 Service Unavailable", EXPECT, "status 503, expected 200-399"),
        ("404 Not Found", "200-299,404", ""),
    ],
)
async def test_the_status_decides(
    serving: Any, saying: Any, status: str, expect: str, problem: str
) -> None:
    async with serving(saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())) as at:
        assert await check_http(f"http://{at}/", expect=expect) == problem


async def test_a_redirect_is_an_answer_and_is_not_followed(serving: Any) -> None:
    requests: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readline())
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")

    async with serving(redirect) as at:
        passed = await check_http(f"http://{at}/", expect=EXPECT)
        strict = await check_http(f"http://{at}/", expect="200")

    assert (passed, strict) == ("", "status 302, expected 200")
    assert requests == [b"GET / HTTP/1.1\r\n"] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_request_says_what_rfc_9110_asks_for(serving: Any, host: str) -> None:
    heads: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async with serving(listen, host=host) as at:
        await check_http(f"http://me:secret@{at}/a/ü?q=1&r=%20", expect=EXPECT)
        await post(f"http://{at}")

    get, posted = (head.decode("ascii").split("\r\n") for head in heads)
    assert get[:2] == ["GET /a/%C3%BC?q=1&r=%20 HTTP/1.1", f"Host: {at}"]
    assert "Connection: close" in get
    assert posted[0] == "POST / HTTP/1.1"
    assert "Content-Length: 0" in posted


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([HEAD + b"Content-Length: 8\r\n\r\nall fine"], id="whole"),
        pytest.param(
            [HEAD, b"Content-Le", b"ngth: 8\r\n\r", b"\nall", b" fine"], id="in-small-pieces"
        ),
        pytest.param(
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nall \r\n", b"4\r\nfine\r\n0\r\n\r\n"],
            id="chunked",
        ),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"Content-Length: 8\r\n\r\nall fine"],
            id="after-a-continue",
        ),
    ],
)
async def test_an_answer_is_taken_when_it_is_whole_though_the_server_stays(
    serving: Any, saying: Any, parts: list[bytes]
) -> None:
    async with serving(saying(*parts, hang=True)) as at:
        assert await check_http(f"http://{at}/", expect="body:all f[io]ne$") == ""
        assert await check_http(f"http://{at}/", expect=EXPECT) == ""


async def test_a_body_may_end_with_the_connection(serving: Any, saying: Any) -> None:
    async with serving(saying(b"HTTP/1.0 200 OK\r\n\r\nall ", b"fine")) as at:
        assert await check_http(f"http://{at}/", expect="body:all fine") == ""
        assert (
            await check_http(f"http://{at}/", expect="body:ready")
            == "the body has no match for 'ready'"
        )


async def test_a_body_that_is_cut_short_is_looked_at_as_it_came(serving: Any, saying: Any) -> None:
    async with serving(saying(HEAD + b"Content-Length: 100\r\n\r\nall fine")) as at:
        assert await check_http(f"http://{at}/", expect="body:all fine") == ""


async def test_an_endless_answer_is_known_by_its_beginning(serving: Any) -> None:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"\r\n")
        while True:
            writer.write(b"data: tick\n\n" * 100)
            await writer.drain()

    async with serving(stream) as at:
        assert await check_http(f"http://{at}/", expect=EXPECT) == ""
        assert await check_http(f"http://{at}/", expect="body:tick") == ""
        assert "no match" in await check_http(f"http://{at}/", expect="body:tock")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "not an HTTP answer: 'SSH-2.0-OpenSSH_9.2\\r\\n'"),
        ([b"HTTP/1.1 fine\r\n\r\n"], "not an HTTP answer: HTTP/1.1 fine"),
        ([], "it hung up without an answer"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], "it hung up without an answer"),
        ([HEAD], "not an HTTP answer: its head is cut short or too long"),
        ([HEAD + b"X: " + b"a" * 70_000], "not an HTTP answer: its head is cut short or too long"),
    ],
)
async def test_what_makes_no_sense_is_told_as_such(
    serving: Any, saying: Any, parts: list[bytes], problem: str
) -> None:
    async with serving(saying(*parts)) as at:
        assert (await check_http(f"http://{at}/", expect=EXPECT)).startswith(problem)


@given(answer=st.binary(max_size=60), head=st.sampled_from([b"", b"HTTP/1.1 200", HEAD]))
@settings(max_examples=100)
def test_no_answer_makes_a_check_raise(answer: bytes, head: bytes) -> None:
    async def check() -> str:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head + answer)
            writer.close()

        server = await asyncio.start_server(say, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await check_http(f"http://127.0.0.1:{port}/", expect="body:.")
        finally:
            server.close()

    assert isinstance(asyncio.run(check()), str)


async def test_a_closed_port_refuses(serving: Any, saying: Any) -> None:
    async with serving(saying()) as at:
        pass
    port = at.rpartition(":")[2]

    assert await check_http(f"http://127.0.0.1:{port}/", expect=EXPECT) == "connection refused"
    assert await check_http(f"http://localhost:{port}/", expect=EXPECT) == "connection refused"
    assert await post(f"http://{at}/stop") == f"http://{at}/stop: connection refused"


async def test_what_cannot_be_a_host_is_told(serving: Any, saying: Any) -> None:  # noqa: ARG001
    problem = await check_http(f"http://{'a' * 64}.example/", expect=EXPECT)

    assert "cannot name a host" in problem


async def test_a_post_tells_what_the_server_thought_of_it(serving: Any, saying: Any) -> None:
    async with serving(saying(b"HTTP/1.1 202 Accepted\r\n\r\n", hang=True)) as at:
        assert await post(f"http://{at}/stop") == ""
    async with serving(saying(b"HTTP/1.1 500 Oh\r\n\r\n", hang=True)) as at:
        assert await post(f"http://{at}/stop") == f"http://{at}/stop: status 500"
    async with serving(saying(b"what?\r\n\r\n", hang=True)) as at:
        assert "not an HTTP answer" in await post(f"http://{at}/stop")


async def test_a_post_that_fails_does_not_tell_the_secrets_in_its_url(
    serving: Any, saying: Any
) -> None:
    async with serving(saying(b"HTTP/1.1 500 Oh\r\n\r\n", hang=True)) as at:
        problem = await post(f"http://me:hush-1@{at}/stop?password=hush-2")

    assert "status 500" in problem
    assert "hush" not in problem


async def test_a_check_that_is_cancelled_leaves_nothing_behind(serving: Any) -> None:
    hung_up = asyncio.Event()
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        hung_up.set()

    async with serving(hang) as at:
        check = asyncio.ensure_future(check_http(f"http://{at}/", expect=EXPECT))
        await asked.wait()
        check.cancel()
        await asyncio.wait([check])

        await hung_up.wait()
        assert check.cancelled()
