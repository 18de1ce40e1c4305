"""HTTPS checks: encrypted, verified but on loopback, and never in the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

from svcctl.engine.probes.http import check_http, post

HEAD = b"HTTP/1.1 200 OK\r\n"


async def test_a_certificate_of_this_machine_need_not_be_signed(serving: Any, saying: Any) -> None:
    answer = saying(HEAD + b"Content-Length: 8\r\n\r\nall ", b"fine", hang=True)

    async with serving(answer, secured=True) as at:
        assert await check_http(f"https://{at}/", expect="body:all fine") == ""
        assert await check_http(f"https://{at}/", expect="200") == ""
        assert await post(f"https://{at}/") == ""


async def test_any_other_certificate_must_be(serving: Any, saying: Any) -> None:
    async with serving(saying(HEAD + b"\r\n"), host="127.0.0.2", secured=True) as at:
        problem = await check_http(f"https://{at}/", expect="200")

    assert problem == "certificate not accepted: self-signed certificate"


async def test_a_body_of_many_records_may_end_with_the_connection(serving: Any) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"\r\n" + b"." * 50_000 + b"the end")
        await writer.drain()

    async with serving(answer, secured=True) as at:
        assert await check_http(f"https://{at}/", expect="body:the end") == ""


async def test_a_server_without_tls_is_told_as_such(serving: Any) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serving(answer) as at:
        assert "tls failed: wrong version number" in await check_http(
            f"https://{at}/", expect="200"
        )
    async with serving(hang_up) as at:
        problem = await check_http(f"https://{at}/", expect="200")
    assert problem in {"tls failed: it hung up", "connection reset by peer"}


async def test_a_handshake_that_never_ends_can_be_cancelled(serving: Any) -> None:
    greeted, hung_up = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        await reader.read()
        hung_up.set()

    async with serving(hang) as at:
        check = asyncio.ensure_future(check_http(f"https://{at}/", expect="200"))
        await greeted.wait()
        check.cancel()

        await hung_up.wait()
        await asyncio.wait([check])


def test_an_agent_that_probes_no_https_never_imports_ssl() -> None:
    source = (
        "import sys\n"
        "from svcctl.server.process import import_lean\n"
        "import_lean()\n"
        "import svcctl.engine.vitals\n"
        "print(*sorted({'ssl', '_ssl', 'http.client', 'cronsim'} & set(sys.modules)))\n"
    )

    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == []
