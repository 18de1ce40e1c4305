"""What servers answer is understood, and a connection is kept as long as it is good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from svcctl.posting import Answer, Poster


@contextmanager
def server(*, keeps: bool) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Give the address of a server that says 200 to all, and what it was asked."""
    asked: list[tuple[Any, ...]] = []

    class Saying(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.client_address, self.path, body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            self.close_connection = not keeps

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Saying) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{found.server_address[1]}/base", asked
        finally:
            found.shutdown()
            thread.join()


def test_a_connection_is_kept_for_the_next_request() -> None:
    with server(keeps=True) as (url, asked):
        poster = Poster(url)

        answers = [poster.post(b"a", {}, path="/x"), poster.post(b"b", {})]
        poster.close()

    assert [each.document for each in answers] == [{}, {}]
    assert [(path, body) for _, path, body in asked] == [("/base/x", b"a"), ("/base", b"b")]
    assert len({client for client, *_ in asked}) == 1


def test_one_that_the_server_closed_unsaid_is_made_anew() -> None:
    with server(keeps=False) as (url, asked):
        poster = Poster(url)

        for _ in range(5):
            assert poster.post(b"a", {}).is_good
        poster.close()

    assert len(asked) == 5


def test_nobody_there_is_an_error_of_the_system() -> None:
    with server(keeps=True) as (url, _):
        gone = url

    with pytest.raises(OSError, match="refused"):
        Poster(gone).post(b"a", {})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:40 GMT", 0.0),
    ],
)
def test_a_time_to_wait_is_seconds_or_a_date(header: str, seconds: float) -> None:
    answer = Answer(status=429, body=b"", headers={"retry-after": header})

    assert answer.wait(now=60.0) == seconds


def test_what_is_no_json_is_no_document() -> None:
    assert Answer(status=200, body=b"<html>").document is None


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:hush/", {}),
        ("http://127.0.0.1:1/?key=hu sh", {}),
        ("http://127.0.0.1:1/", {"Authorization": "hush\nhush"}),
    ],
)
def test_no_error_tells_what_may_be_secret(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - what matters is what it does not say
        Poster(url).post(b"a", headers)

    assert "hush" not in repr(caught.value)
    assert caught.value.__cause__ is None
