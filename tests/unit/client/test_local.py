"""Whoever answers at the agent's address, a client gives a result or one of our errors."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from svcctl.client.local import LocalClient, SocketConnection
from svcctl.errors import AgentUnreachable, SvcctlError
from svcctl.wire import Request

STATUS = Request(verb="status")


class Says:
    """The other end of a connection: it says what it was given."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = lines

    def send(self, content: bytes) -> None:
        del content

    def lines(self) -> Iterator[bytes]:
        yield from self._lines

    def close(self) -> None:
        pass


def ask(*lines: bytes) -> object:
    with LocalClient("/run/agent.sock", connect=lambda *_: Says(*lines)) as client:
        return client.ask(STATUS)


def test_items_are_passed_over_and_the_result_given() -> None:
    assert ask(b'{"item": 1}\n', b'{"result": [2]}\n') == [2]


@pytest.mark.parametrize(
    "line",
    [b"HTTP/1.1 400\r\n", b'{"id": 1, "resu', b"\xff\n", b"[1]\n", b"null\n", b"[" * 100_000],
    ids=lambda line: repr(line[:20]),
)
def test_what_is_no_answer_of_an_agent_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(AgentUnreachable, match=r"'/run/agent.sock' is no agent") as caught:
        ask(line)

    assert caught.value.hint


def test_an_agent_that_goes_away_is_said_to() -> None:
    with pytest.raises(AgentUnreachable, match="went away before it answered"):
        ask(b'{"item": 1}\n')


def test_an_error_that_says_nothing_is_an_error_all_the_same() -> None:
    with pytest.raises(SvcctlError):
        ask(b'{"error": {}}\n')


@pytest.mark.posix
def test_a_crowd_at_the_door_is_waited_for(tmp_path: Path) -> None:
    address = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as first:
        door.bind(address)
        door.listen(0)
        first.connect(address)

        with ThreadPoolExecutor() as pool:
            late = pool.submit(SocketConnection, address, 20.0)
            for _ in range(2):
                door.accept()[0].close()

        late.result().close()


@pytest.mark.posix
def test_a_crowd_that_does_not_move_is_not_waited_for_long(tmp_path: Path) -> None:
    address = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as first:
        door.bind(address)
        door.listen(0)
        first.connect(address)

        with pytest.raises(AgentUnreachable), LocalClient(address, timeout=0.05):
            pass
