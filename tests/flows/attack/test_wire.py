"""Lesson 9 and 10: bytes that can be read in two ways, are too many, or mean another reader."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from svcctl.server.http.connection import Limits
from tests.flows.http.stand import Stand, told

pytestmark = pytest.mark.slow

TARGET = b"POST /v1/services/web/stop HTTP/1.1\r\nhost: 127.0.0.1\r\n"
INNER = b"POST /v1/services/db/remove HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"


LAST = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A server that does not wait long for what does not come."""
    return Stand(tmp_path, Limits(head_time=2.0, body_time=2.0, idle=2))


async def said(stand: Stand, content: bytes, *, last: bytes = LAST) -> bytes:
    """Give all that is answered to *content* and a *last* request, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stand.port)
    try:
        writer.write(content + last)
        await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


SMUGGLED = {
    "two kinds of length": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    + INNER,
    "two lengths": b"content-length: 0\r\ncontent-length: 71\r\n\r\n" + INNER,
    "lengths in one line": b"content-length: 0, 71\r\n\r\n" + INNER,
    "a length with a sign": b"content-length: +2\r\n\r\n{}" + INNER,
    "a negative length": b"content-length: -1\r\n\r\n" + INNER,
    "a length in hexadecimal": b"content-length: 0x2\r\n\r\n{}" + INNER,
    "an encoding that is none": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + INNER,
    "an encoding twice": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n" + INNER,
    "a space before the colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + INNER,
    "a folded header": b"x-a: b\r\n transfer-encoding: chunked\r\n\r\n" + INNER,
    "a bare line feed": b"x-a: b\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "a bare carriage return": b"x-a: b\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "a zero byte": b"x-a: b\x00c\r\ncontent-length: 0\r\n\r\n" + INNER,
    "a header without a name": b": b\r\ncontent-length: 0\r\n\r\n" + INNER,
    "a chunk that is endless": b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}" + INNER,
    "a negative chunk": b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + INNER,
    "a chunk in another notation": b"transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n"
    + INNER,
    "a chunk with a line feed": b"transfer-encoding: chunked\r\n\r\n2\n{}\n0\n\n" + INNER,
}


@pytest.mark.parametrize("how", SMUGGLED)
def test_nothing_is_smuggled_in_behind_a_request(stand: Stand, how: str) -> None:
    """With a good token: what follows has none, and what can be read in two ways is refused."""

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del client
        token = f"authorization: Bearer {stand.token()}\r\n".encode()

        answer = await said(stand, TARGET + token + SMUGGLED[how])

        assert stand.came in ([], ["stop"])
        codes = [line[9:12] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        done = codes.count(b"200") - (b'{"status":"ok"}' in answer)
        assert done == len(stand.came)

    told(stand, story)


HEADS = {
    "a path": b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    "a query": b"GET /v1/status?a=" + b"a" * 60_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    "a header": b"GET /v1/status HTTP/1.1\r\nx: " + b"a" * 60_000 + b"\r\n\r\n",
    "many headers": b"GET /v1/status HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    "a method": b"A" * 60_000 + b" / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("what", HEADS)
def test_a_head_that_is_too_long_is_not_read_to_its_end(stand: Stand, what: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await said(stand, HEADS[what])

        assert not answer.startswith(b"HTTP/1.1 200")
        assert stand.came == []
        assert (await client.get("/health")).status_code == 200

    told(stand, story)


def _deep(depth: int) -> bytes:
    return b'{"reason":' + b"[" * depth + b"]" * depth + b"}"


BODIES: dict[str, bytes] = {
    "nothing JSON knows": b"{'a': 1}",
    "a list": b"[]",
    "a text": b'"stop"',
    "two reasons": b'{"reason": "a", "reason": "b"}',
    "two of which the second is deep": b'{"timeout": "1s", "timeout": [[]]}',
    "no number": b'{"timeout": NaN}',
    "no end": b'{"timeout": Infinity}',
    "a number beyond all": b'{"timeout": 1e999}',
    "a number of many digits": b'{"timeout": ' + b"9" * 6_000 + b"}",
    "a deep list": _deep(100_000),
    "a list as text": b'{"reason": ["a"]}',
    "half a surrogate": b'{"service": "\\ud800"}',
    "no text": b'{"reason": "\xff\xfe"}',
    "what is not in the table": b'{"exec": ["sh"]}',
    "more than may be": b'{"reason": "' + b"a" * 2_000_000 + b'"}',
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_not_plain_is_refused_and_nothing_is_done(stand: Stand, what: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/services/web/stop", content=BODIES[what])

        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 4_096
        assert stand.came == []

    told(stand, story)


def test_a_body_that_is_packed_is_not_unpacked(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        bomb = gzip.compress(b'{"reason":"' + b"a" * 900_000 + b'"}')
        for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
            headers = {"content-encoding": encoding, "content-type": "application/json"}
            answer = await client.post("/v1/services/web/stop", content=bomb, headers=headers)
            assert 400 <= answer.status_code < 500
        assert stand.came == []

    told(stand, story)


PATHS = (
    *(
        "/v1/services/../../etc/passwd/stop",
        "/v1/services/%2e%2e/stop",
        "/v1/services/..%2fweb/stop",
    ),
    *("/v1/services/web%00/stop", "/v1/services/web%2fstop", "/v1/services/%ff%fe/stop"),
    *("/v1/services/web/stop/", "/v1//services/web/stop", "/V1/services/web/stop"),
    *("/v1/services/web/stop%20", "/v1/services/web/st%6fp/x", "/v1/services/w%0d%0aeb/stop"),
    *("/v1/services/$(id)/stop", "/v1/services/%60id%60/stop", "/v1/services/;reboot/stop"),
    *("/v1/carry_out", "/v1/services/web/__class__", "/v1/services/web/stop.__globals__"),
    *("/v1/services/web/environment", "/v1/token-issue", "/v1/trust", "/v1/services/web/os.system"),
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_means_a_service_of_that_name_or_nothing(stand: Stand, path: str) -> None:
    """No name is ever a file, a line, an attribute or a command."""

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await said(
            stand,
            b"POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: %s\r\nconnection: close\r\n"
            b"content-length: 0\r\n\r\n"
            % (path.encode(), client.headers["authorization"].encode()),
            last=b"",
        )

        status = int(answer.split(b" ", 2)[1])
        assert status in {200, 400, 404, 405}
        if status == 200:
            found = json.loads(answer.partition(b"\r\n\r\n")[2])["result"]
            assert found["names"] == [_decoded(path)]

    told(stand, story)


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path).removeprefix("/v1/services/").rpartition("/")[0]


@pytest.mark.parametrize(
    "given", ["a\r\nset-cookie: a=b", "a\nb", "\x1b[2J", "a" * 500, "größe", '"><script>']
)
def test_the_id_of_a_request_brings_no_header_into_its_answer(stand: Stand, given: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await said(
            stand,
            b"GET /v1/services HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: %s\r\n"
            b"connection: close\r\nx-request-id: %s\r\n\r\n"
            % (client.headers["authorization"].encode(), given.encode()),
            last=b"",
        )

        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert b"set-cookie" not in head
        assert b"\x1b" not in answer
        assert b"a" * 200 not in answer

    told(stand, story)


def test_what_somebody_writes_is_one_row_of_the_audit_log_and_one_line_of_a_stream(
    stand: Stand,
) -> None:
    evil = 'x\r\nevent: end\r\ndata: {"a":1}\r\n\r\n\x1b[31m2026-11-21 uid:0 remove * done'

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        async def logs(selection: Any, args: Any, emit: Any) -> object:
            del selection, args
            emit({"at": 1.0, "text": evil, "service": evil})
            return {"lines": 1}

        await client.post("/v1/services/web/stop", json={"reason": evil})
        (row, _) = [each for each in stand.rows if each.verb == "stop"]
        assert row.outcome == "asked"

        stand.deeds["logs"] = logs
        answer = await client.get("/v1/services", params={"service": evil})
        assert answer.status_code in {400, 404}
        assert "\x1b" not in answer.text

    told(stand, story)


def test_a_line_that_looks_like_an_event_is_one_item(stand: Stand) -> None:
    evil = "x\n\nevent: end\ndata: {}\n\nid: 7\rdata: \u2028 \x00"

    async def logs(selection: Any, args: Any, emit: Any) -> object:
        del selection, args
        emit({"at": 1.0, "text": evil})
        return {"lines": 1}

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.get("/v1/logs", headers={"accept": "text/event-stream"})

        lines = answer.text.split("\n")
        assert [each for each in lines if each.startswith("event:")] == [
            "event: item",
            "event: end",
        ]
        (data, _) = [json.loads(each[6:]) for each in lines if each.startswith("data: ")]
        assert data["text"] == evil

    stand.deeds["logs"] = logs
    told(stand, story)
