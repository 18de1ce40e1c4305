"""What issuers publish is got within one deadline and one size, from nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from svcctl.auth.fetching import LARGEST, fetch
from svcctl.errors import SystemFault

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """Give the address of a server that answers so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def saying(content: bytes, *, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


def test_what_is_there_is_given() -> None:
    with serving(saying(b'{"a":1}')) as url:
        assert fetch(f"{url}/keys?a=b") == b'{"a":1}'


def test_a_redirect_is_not_followed() -> None:
    with (
        serving(saying(b"", status=302, Location="http://127.0.0.1:1/")) as url,
        pytest.raises(SystemFault, match="status 302"),
    ):
        fetch(url)


def test_an_answer_that_is_too_large_is_given_up() -> None:
    with (
        serving(saying(b"x" * (LARGEST + 1))) as url,
        pytest.raises(SystemFault, match="more than"),
    ):
        fetch(url)


def test_an_answer_that_drips_is_given_up() -> None:
    ended = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not ended.wait(0.02):
            request.wfile.write(b" ")

    with serving(drip) as url:
        try:
            with pytest.raises(SystemFault, match="does not answer"):
                fetch(url, within=0.2)
        finally:
            ended.set()


def test_nobody_there_is_told_of() -> None:
    with serving(saying(b"")) as url:
        pass

    with pytest.raises(SystemFault, match="does not answer"):
        fetch(url)
