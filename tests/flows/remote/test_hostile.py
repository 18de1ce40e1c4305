"""Whoever answers at an address, a command ends soon, in little memory, and says why."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, repeat

import pytest

from svcctl.client import http, remote_events, remote_wire
from svcctl.client.http import HttpClient
from svcctl.client.remote import Remote
from svcctl.errors import AgentUnreachable, SvcctlError, TimedOut
from svcctl.wire import Request, Selection

pytestmark = [pytest.mark.slow, pytest.mark.posix]

STATUS = Request(verb="status")
LOGS = Request(verb="logs", select=Selection(names=("web",)))
TOKEN = "seven"
JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@dataclass
class Liar:
    """Takes requests and says something to each of them, whatever it was asked."""

    says: Callable[[], Iterator[bytes]]
    heard: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def remote(self) -> Remote:
        return Remote(name="there", url=f"http://127.0.0.1:{self.port}")

    @contextmanager
    def listening(self) -> Iterator[Liar]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                yield self
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), line:
                self.heard.append(_request(line))
                for each in self.says():
                    line.sendall(each)


def _request(line: socket.socket) -> bytes:
    """Read all of a request: who hangs up before that resets the connection."""
    found, missing = b"", 1
    while missing > 0 and (part := line.recv(65536)):
        found += part
        head, ended, body = found.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        missing = (int(length[1]) if length else 0) - len(body) if ended else 1
    return found


def saying(*parts: bytes) -> Liar:
    return Liar(lambda: iter(parts))


def asked(liar: Liar, request: Request = STATUS) -> list[tuple[bool, object]]:
    """Ask *liar*; nobody waits between two tries."""
    with liar.listening():
        client = HttpClient(liar.remote, token=lambda: TOKEN, pause=lambda _: None)
        return list(client.answers(request))


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        JSON + b'content-length: 50\r\n\r\n{"result": []',
        JSON + b"transfer-encoding: chunked\r\n\r\n1000\r\nabc",
        JSON + b"\r\n[]",
        JSON + b"\r\nnull",
        JSON + b"\r\n{}",
        JSON + b'\r\n{"result": ',
        JSON + b"\r\n" + b"[" * 100_000,
        JSON + b'\r\n{"result":' + b'{"\\u001b":' * 900 + b"1" + b"}" * 901,
        JSON + b"\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
        b"HTTP/1.1 999 Odd\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\r\n<html>",
        b"HTTP/1.1 500 No\r\ncontent-type: application/problem+json\r\n\r\n[1]",
        b"HTTP/1.1 409 No\r\nretry-after: 99999999999\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[-24:]),
)
def test_what_is_no_answer_of_an_agent_is_said_to_be_none(answer: bytes) -> None:
    with pytest.raises(AgentUnreachable, match=r"127\.0\.0\.1|there") as caught:
        asked(saying(answer))

    assert caught.value.hint


@pytest.mark.parametrize(
    ("first", "endless"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 65_000 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 65_000),
    ],
    ids=["headers", "promises", "a header"],
)
def test_a_head_without_end_is_given_up(
    first: bytes, endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_WITHIN", 0.5)
    liar = Liar(lambda: chain([first], repeat(endless)))

    with pytest.raises(SvcctlError) as caught:
        asked(liar)

    assert isinstance(caught.value, AgentUnreachable | TimedOut)


def test_a_body_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_wire, "LARGEST", 1_000_000)
    liar = Liar(lambda: iter([JSON + b"\r\n", *repeat(b"[" * 65_536, 100_000)]))

    with pytest.raises(AgentUnreachable, match="answers with more than 0 MiB"):
        asked(liar)


def test_an_event_that_is_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_events, "LONGEST", 1_000_000)
    liar = Liar(lambda: iter([EVENTS, b"data: ", *repeat(b"a" * 65_536, 100_000)]))

    with pytest.raises(AgentUnreachable, match="an event of the stream has more than"):
        asked(liar, LOGS)


def test_an_answer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_WITHIN", 0.5)
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        yield JSON + b"\r\n"
        while not over.wait(0.02):
            yield b" "

    with pytest.raises(TimedOut, match=r"'there' did not answer within 0\.5s"):
        asked(Liar(drip))
    over.set()


def test_the_head_of_a_stream_that_drips_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "_QUIET", 0.5)
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nx: "
        while not over.wait(0.02):
            yield b"y"

    with pytest.raises(TimedOut, match=r"'there' did not answer within 0\.5s"):
        asked(Liar(drip), LOGS)
    over.set()


def test_a_redirect_is_not_followed_and_no_token_sent_there() -> None:
    with saying(JSON + b'\r\n{"result": []}').listening() as elsewhere:
        to = b"HTTP/1.1 302 Found\r\nlocation: %s\r\ncontent-length: 0\r\n\r\n"
        liar = saying(to % elsewhere.remote.url.encode())

        with pytest.raises(AgentUnreachable, match="sends elsewhere, to 'http://127") as caught:
            asked(liar)

    assert "svcctl ctx add there --url" in caught.value.hint
    assert f"Bearer {TOKEN}".encode() in liar.heard[0]
    assert elsewhere.heard == []


def test_nothing_that_drives_a_terminal_is_told() -> None:
    escape = "\\u001b]0;owned\\u0007\\u009b2J"
    problem = f'{{"code": "SVC-1600", "detail": "no{escape}", "hint": "{escape}"}}'
    head = b"HTTP/1.1 409 No\r\ncontent-type: application/problem+json\r\n\r\n"

    with pytest.raises(SvcctlError) as caught:
        asked(saying(head + problem.encode()))
    found = asked(saying(JSON + f'\r\n{{"result": [{{"service": "{escape}"}}]}}'.encode()))

    assert caught.value.problem == "no�]0;owned��2J"
    assert "\x1b" not in repr(caught.value.hint)
    assert found == [(True, [{"service": "�]0;owned��2J"}])]


def test_what_programs_wrote_is_handed_on_as_it_is() -> None:
    item = b'data: {"at": 1.5, "text": "\\u001b[31mred"}\n\n'
    end = b'event: end\ndata: {"lines": 1}\n\n'

    found = asked(saying(EVENTS + b"event: item\n" + item + end), LOGS)

    assert found == [(False, {"at": 1.5, "text": "\x1b[31mred"}), (True, {"lines": 1})]


def test_an_unknown_code_is_an_error_all_the_same() -> None:
    head = b"HTTP/1.1 418 Teapot\r\ncontent-type: application/problem+json\r\n\r\n"

    with pytest.raises(SvcctlError, match="short and stout"):
        asked(saying(head + b'{"code": ["x"], "detail": "short and stout", "mistakes": 7}'))


def test_a_change_is_looked_after_with_the_same_key_until_it_is_over() -> None:
    busy = b"HTTP/1.1 409 No\r\nretry-after: 1\r\ncontent-type: application/problem+json\r\n\r\n{}"
    answers = iter([b"", busy, busy, JSON + b'\r\n{"result": ["done"]}'])
    liar = Liar(lambda: iter([next(answers)]))

    found = asked(liar, Request(verb="stop", select=Selection(names=("web",))))

    keys = {line for head in liar.heard for line in head.split(b"\r\n") if b"idempotency" in line}
    assert found == [(True, ["done"])]
    assert len(liar.heard) == 4
    assert len(keys) == 1


@pytest.mark.parametrize(
    "later",
    [
        (
            b"HTTP/1.1 404 No\r\ncontent-type: application/problem+json\r\n\r\n"
            b'{"code": "SVC-1300", "detail": "no such operation"}'
        ),
        JSON + b'\r\n{"state": "abandoned"}',
        JSON + b'\r\n{"state": ["running"]}',
    ],
)
def test_a_change_that_nobody_remembers_may_have_been_made(later: bytes) -> None:
    begun = b'HTTP/1.1 202 Begun\r\n\r\n{"state": "running", "id": "../x"}'
    answers = iter([begun, later])
    liar = Liar(lambda: iter([next(answers)]))

    with pytest.raises(AgentUnreachable, match="what became of it is not known") as caught:
        asked(liar, Request(verb="stop", select=Selection(names=("web",))))

    assert "svcctl audit" in caught.value.hint
    assert liar.heard[1].startswith(b"GET /v1/operations/..%2Fx HTTP/1.1")


def test_a_change_under_way_is_looked_after_though_nobody_answers_for_a_moment() -> None:
    begun = b'HTTP/1.1 202 Begun\r\n\r\n{"state": "running", "id": "x"}'
    away = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
    answers = iter([begun, away, away, JSON + b'\r\n{"state": "done", "result": 7}'])

    found = asked(Liar(lambda: iter([next(answers)])), Request(verb="agent-stop"))

    assert found == [(True, 7)]


def test_a_question_whose_answer_is_lost_is_asked_three_times() -> None:
    liar = saying()

    with pytest.raises(AgentUnreachable, match="went away"):
        asked(liar)

    assert len(liar.heard) == 3


def test_who_is_gone_is_not_asked_again() -> None:
    pauses: list[float] = []
    with socket.socket() as nobody:  # the port is taken, and nobody listens there
        nobody.bind(("127.0.0.1", 0))
        remote = Remote(name="there", url=f"http://127.0.0.1:{nobody.getsockname()[1]}")

        with pytest.raises(AgentUnreachable, match="does not answer at 'http://127") as caught:
            HttpClient(remote, token=lambda: TOKEN, pause=pauses.append).ask(STATUS)

    assert "svcctl serve http" in caught.value.hint
    assert pauses == []
