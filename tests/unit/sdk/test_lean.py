"""A service is small, and speaks TLS all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PEM = Path(__file__).parent.parent / "engine" / "probes" / "self_signed.pem"

TLS = """
import sys
from svcctl import Context
import asyncio
print(sorted({"ssl", "_ssl", "asyncio.sslproto"} & set(sys.modules)))
import ssl
print(ssl is sys.modules["ssl"], ssl.SSLContext.__module__)


async def main():
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(sys.argv[1])
    theirs = ssl.create_default_context(cafile=sys.argv[1])
    theirs.check_hostname = False

    async def greet(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=ours) as server:
        host, port = server.sockets[0].getsockname()[:2]
        reader, writer = await asyncio.open_connection(host, port, ssl=theirs)
        writer.write(b"hello\\n")
        print((await reader.readline()).decode().strip())
        writer.close()
        try:
            await asyncio.open_connection(host, port, ssl=True)
        except ssl.SSLCertVerificationError:
            print("not trusted")


asyncio.run(main())
"""


def test_tls_works_though_asyncio_was_imported_without_it() -> None:
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", TLS, str(PEM)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.splitlines() == ["[]", "True ssl", "hello", "not trusted"], said.stderr


def test_who_has_imported_asyncio_before_has_it_as_it_always_is() -> None:
    script = (
        "import asyncio, sys; from svcctl import Context\n"
        "import ssl; print(asyncio.sslproto.ssl is ssl is sys.modules['ssl'])"
    )

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert said.strip() == "True"
