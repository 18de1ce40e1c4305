"""Services that are probed, and probes that misbehave: ``probed.py WAY [PORT]``."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle

BEAT = 0.05  # seconds
LIFE = 300
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
GARBAGE = (
    b"",
    b"\x00" * 4096,
    b"\xff" * 100_000,
    b"HTTP/1.1 " + b"9" * 50_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"X: y\r\n" * 100_000,
    bytes(range(256)) * 64,
)


def beat() -> None:
    """Say that all is well, for ever, whether anybody listens or not."""
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as board:
        while True:
            with suppress(OSError):
                board.sendto(b"READY=1\nWATCHDOG=1", address)
            time.sleep(BEAT)


def late() -> None:
    """Be ready after a second."""
    time.sleep(1.0)
    beat()


def clients() -> Iterator[socket.socket]:
    """Give each that connects."""
    with socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=512) as server:
        while True:
            yield server.accept()[0]


def listen() -> None:
    """Take calls, and say nothing."""
    for client in clients():
        client.close()


def answer() -> None:
    """Answer every question well."""
    _answer_with(cycle([OK]))


def flap() -> None:
    """Answer well and badly in turn."""
    _answer_with(cycle([OK, FAILED]))


def garbage() -> None:
    """Answer with what is no answer, each time another."""
    _answer_with(cycle(GARBAGE))


def hang() -> None:
    """Take every call, and never say a word, nor hang up."""
    held = list(clients())
    del held


def drip() -> None:
    """Answer one byte every now and then."""
    for client in clients():
        if os.fork() == 0:
            for byte in OK * 1000:
                client.sendall(bytes([byte]))
                time.sleep(BEAT)
        client.close()


def check_hang() -> None:
    """As the command of a probe: hang, deaf, with a child that does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    time.sleep(LIFE)


def check_chatter() -> None:
    """As the command of a probe: write more than a pipe holds, and succeed."""
    os.write(1, b"chatter\n" * 50_000)


def _answer_with(answers: Iterator[bytes]) -> None:
    for client in clients():
        client.settimeout(1.0)
        try:
            client.recv(4096)
            os.write(1, b"asked\n")
            client.sendall(next(answers))
        except OSError:
            continue
        finally:
            client.close()


WAYS: dict[str, Callable[[], None]] = {
    "beat": beat,
    "late": late,
    "listen": listen,
    "answer": answer,
    "flap": flap,
    "garbage": garbage,
    "hang": hang,
    "drip": drip,
    "check-hang": check_hang,
    "check-chatter": check_chatter,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
