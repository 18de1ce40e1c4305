"""The stand-in is met over real connections: what it answers, how it fails, what it writes down."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.ports import free_port
from svcctl.errors import SystemFault, UsageError
from svcctl.sdk.mock.reading import Script, read_script
from svcctl.sdk.mock.recording import Recorder
from svcctl.sdk.mock.server import MockServer, Seen

Read = Callable[[str], Script]

REAL = """
[[routes]]
path = "/users/{id}"
headers = { Set-Cookie = "session=abc", X-Real = "yes" }
json = { id = "{id}" }
[[routes]]
path = "/image"
body_base64 = "AP8="
[[routes]]
method = "POST"
path = "/echo"
body = "posted"
"""


@dataclass
class Stage:
    """A stand-in that answers in a thread of its own, and what it has told."""

    server: MockServer
    seen: list[Seen] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.server.url.removeprefix("http://").partition(":")
        return host, int(port)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=60)

    def ask(self, target: str, method: str = "GET", **more: object) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            connection.request(method, target, **more)  # type: ignore[arg-type]
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


Raise = Callable[..., Stage]


@pytest.fixture
def stage() -> Iterator[Raise]:
    """Raise a stand-in that answers as a script says; it is taken down afterwards."""
    with ExitStack() as stack:

        def raised(script: Script, recorder: Recorder | None = None) -> Stage:
            seen: list[Seen] = []
            server = MockServer(script, port=0, tell=seen.append, recorder=recorder)
            thread = threading.Thread(target=server.serve)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(server.stop)
            return Stage(server, seen)

        yield raised


def test_it_answers_as_the_script_says(stage: Raise, script: Read) -> None:
    made = stage(script(REAL))

    assert made.ask("/users/7?x=1") == (200, b'{"id": "7"}')
    assert made.ask("/users/7", "HEAD") == (200, b"")
    assert made.ask("/image") == (200, b"\x00\xff")
    assert made.ask("/nothing")[0] == 404
    assert made.ask("/echo")[0] == 405


def test_many_requests_share_a_connection(stage: Raise, script: Read) -> None:
    made = stage(script(REAL))
    connection = made.connect()

    found = []
    for method, body in (("POST", "a" * 9), ("POST", iter([b"chunk", b"ed"])), ("GET", None)):
        target = "/echo" if method == "POST" else "/image"
        connection.request(method, target, body=body, encode_chunked=False)
        found.append(connection.getresponse().read())

    connection.close()
    assert found == [b"posted", b"posted", b"\x00\xff"]


def test_every_request_is_told(stage: Raise, script: Read) -> None:
    made = stage(script(REAL))

    made.ask("/users/7?token=abc")
    made.ask("/nothing", "DELETE")

    assert [(each.method, each.target, each.status, each.how) for each in made.seen] == [
        ("GET", "/users/7?token=***", 200, "GET /users/{id}"),
        ("DELETE", "/nothing", 404, "no route"),
    ]


@pytest.mark.posix
def test_a_reset_is_met_as_a_reset(stage: Raise, script: Read) -> None:
    made = stage(script('[[routes]]\npath = "/"\n_error = "reset"'))

    with socket.create_connection(made.address, timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(OSError, match="reset") as error:
            connection.recv(100)

    assert error.value.errno == errno.ECONNRESET


def test_a_timeout_is_met_as_silence(stage: Raise, script: Read) -> None:
    made = stage(script('[[routes]]\npath = "/"\n_error = "timeout"'))

    with socket.create_connection(made.address, timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(100)


def test_a_status_of_failure_is_an_answer(stage: Raise, script: Read) -> None:
    made = stage(script('[[routes]]\npath = "/"\nbody = "fine"\n_error = 503'))

    assert made.ask("/") == (503, b"")


def test_an_answer_comes_no_earlier_than_its_delay(stage: Raise, script: Read) -> None:
    made = stage(script('[[routes]]\npath = "/"\n_delay = "100ms"'))

    made.ask("/")

    assert made.seen[0].seconds > 0.05  # clocks may count in ticks of 16 ms


def test_a_long_delay_does_not_keep_it_from_stopping(script: Read) -> None:
    told: list[Seen] = []
    server = MockServer(script('[[routes]]\npath = "/"\n_delay = "1h"'), port=0, tell=told.append)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with socket.create_connection(Stage(server).address, timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        server.stop()
        thread.join(60)

        assert not thread.is_alive()


@pytest.mark.parametrize(
    "head",
    ["Content-Length: x", f"Content-Length: {2**40}", "Transfer-Encoding: chunked\r\n\r\nzz"],
)
def test_a_body_that_cannot_be_read_is_refused(stage: Raise, script: Read, head: str) -> None:
    made = stage(script(REAL))

    with socket.create_connection(made.address, timeout=60) as connection:
        connection.sendall(f"POST /echo HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())

        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_what_is_no_http_does_no_harm(stage: Raise, script: Read) -> None:
    made = stage(script(REAL))
    for sent in (b"\x00\xff\r\n\r\n", b"", b"GET / HT"):
        with socket.create_connection(made.address, timeout=60) as connection:
            connection.sendall(sent)

    assert made.ask("/image")[0] == 200


def test_what_is_missing_is_asked_of_the_real_server_and_written_down(
    stage: Raise, script: Read, tmp_path: Path
) -> None:
    real = stage(script(REAL))
    file = tmp_path / "recorded.toml"
    made = stage(Script(), Recorder(real.server.url, str(file)))

    first = [made.ask(each) for each in ("/users/7?page=2", "/image", "/nothing")]
    posted = made.ask("/echo", "POST", body=b"hello")
    again = [made.ask(each) for each in ("/users/7?page=2", "/image", "/nothing")]

    assert first == again
    assert posted == (200, b"posted")
    assert len(real.seen) == 4
    assert [each.how for each in made.seen][:4] == ["recorded"] * 4
    replayed = stage(read_script(str(file)))
    assert [replayed.ask(each) for each in ("/users/7?page=2", "/image", "/nothing")] == first
    assert "session=abc" not in file.read_text()
    assert 'X-Real = "yes"' in file.read_text()


def test_what_was_in_the_file_stays(stage: Raise, script: Read, tmp_path: Path) -> None:
    real = stage(script(REAL))
    file = tmp_path / "recorded.toml"
    file.write_text("# mine\nseed = 3\n")
    made = stage(Script(), Recorder(real.server.url, str(file)))

    made.ask("/users/7")

    assert file.read_text().startswith("# mine\nseed = 3\n\n[[routes]]\n")
    assert read_script(str(file)).seed == 3


def test_many_who_ask_for_the_same_at_once_are_written_down_once(
    stage: Raise, script: Read, tmp_path: Path
) -> None:
    real = stage(script('[[routes]]\npath = "/"\nbody = "x"\n_delay = "10ms"'))
    file = tmp_path / "recorded.toml"
    made = stage(Script(), Recorder(real.server.url, str(file)))

    threads = [threading.Thread(target=made.ask, args=("/",)) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert len(read_script(str(file)).routes) == 1


def test_a_real_server_that_is_gone_is_told(stage: Raise, tmp_path: Path) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    made = stage(Script(), Recorder(gone, str(tmp_path / "r.toml")))

    status, body = made.ask("/")

    assert status == 502
    assert "ConnectionRefusedError" in json.loads(body)["error"]


@pytest.mark.parametrize("url", ["ftp://x", "http://", "x", "http://h/?q=1"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no server to record"):
        Recorder(url, "x")


def test_a_port_that_is_taken_is_told(stage: Raise) -> None:
    _, port = stage(Script()).address

    with pytest.raises(SystemFault, match=f"127.0.0.1:{port}") as error:
        MockServer(Script(), port=port, tell=print)

    assert "--port 0" in error.value.hint
