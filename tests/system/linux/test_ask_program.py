"""Who is at the other end of the endpoint of a service is known by the kernel, on either side."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from svcctl.bootstrap.programs import ask_program
from svcctl.errors import Conflict, Denied, TimedOut
from svcctl.system.posix.local_socket import actor, listen
from svcctl.wire import encode

NOBODY = 65534


@contextmanager
def program(path: Path, answer: bytes | None) -> Iterator[list[bytes]]:
    """Let a program answer once; None: it hears what is asked, and says nothing.

    Gives what it heard.
    """
    heard: list[bytes] = []
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream, suppress(ConnectionError):
            heard.append(stream.readline())
            if answer is None:
                over.wait(60)
            else:
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        over.set()
        thread.join(60)


def ask(path: Path, *, trusted: int, within: float = 10.0) -> object:
    return asyncio.run(
        ask_program(str(path), "about", {}, within=within, trusts=lambda uid: uid == trusted)
    )


def test_a_program_of_its_own_user_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "s"

    with program(path, encode({"id": 1, "result": {"phase": "running"}})) as heard:
        answer = ask(path, trusted=os.geteuid())

    assert answer == {"phase": "running"}
    assert b'"verb":"about"' in heard[0]


def test_a_program_of_somebody_else_is_not_told_a_word(tmp_path: Path) -> None:
    path = tmp_path / "s"

    with program(path, b"") as heard, pytest.raises(Conflict, match="does not answer"):
        ask(path, trusted=os.geteuid() + 1)

    assert heard in ([], [b""])


def test_a_program_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="does not answer"):
        ask(tmp_path / "nowhere", trusted=os.geteuid())


@pytest.mark.parametrize("noise", [b"", b"noise\n", b"[]\n"])
def test_a_program_that_makes_no_sense_does_not_answer(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "s"

    with program(path, noise), pytest.raises(Conflict, match="went away before it answered"):
        ask(path, trusted=os.geteuid())


@pytest.mark.slow
def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "s"

    with program(path, None), pytest.raises(TimedOut, match="the service did not answer"):
        ask(path, trusted=os.geteuid(), within=0.2)


@pytest.mark.needs_root
def test_another_user_is_denied_though_the_door_stands_open(tmp_path: Path) -> None:
    path = tmp_path / "e" / "mailer.sock"
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)

    with listen(str(path)) as door:
        path.parent.chmod(0o711)
        path.chmod(0o666)
        child = os.fork()
        if child == 0:
            _connect_as(NOBODY, str(path))
        door.setblocking(True)
        door.settimeout(60)
        connection, _ = door.accept()
        with connection, pytest.raises(Denied, match=f"user {NOBODY} may not use the mailer"):
            actor(connection, of="the mailer")
        os.waitpid(child, 0)


def _connect_as(uid: int, path: str) -> None:
    """Call at *path* as another user, wait until that is over, and end this process."""
    try:
        os.setuid(uid)
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(path)
            caller.recv(1)
    finally:
        os._exit(0)
