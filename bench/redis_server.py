"""A Redis of its own: private ports, socket, folder and password; ended by pid."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ports import free_ports
from bench.rabbit import PATIENCE, Taken, issue

_CONFIG = """
bind 127.0.0.1
port {port}
tls-port {tls}
tls-cert-file {folder}/broker.pem
tls-key-file {folder}/broker.key
tls-ca-cert-file {folder}/ca.pem
tls-auth-clients no
unixsocket {folder}/redis.sock
unixsocketperm 700
dir {folder}
requirepass guest
save ""
appendonly yes
appendfsync always
"""


@dataclass
class RedisServer:
    """One server in *folder*; it keeps what it has over :meth:`kill` and :meth:`start`."""

    folder: Path
    ports: tuple[int, ...] = ()
    server: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"redis://default:guest@127.0.0.1:{self.port}/0"

    @property
    def tls_url(self) -> str:
        return f"rediss://default:guest@127.0.0.1:{self.ports[1]}/0"

    @property
    def socket_url(self) -> str:
        return f"unix://:guest@{self.folder}/redis.sock"

    @property
    def ca(self) -> str:
        """Whom to trust over TLS."""
        return str(self.folder / "ca.pem")

    def begin(self) -> None:
        """Start it for the first time, on ports that nobody else has taken meanwhile."""
        issue(self.folder)
        for _ in range(3):
            self.ports = free_ports(2)
            try:
                self.start()
            except Taken:
                self.end()
            else:
                return
        raise AssertionError(self.said())

    def start(self) -> None:
        """Start it; come back once it takes commands; raises Taken where it cannot."""
        config = self.folder / "redis.conf"
        config.write_text(_CONFIG.format(folder=self.folder, port=self.ports[0], tls=self.ports[1]))
        with (self.folder / "said").open("ab") as said:
            self.server = subprocess.Popen(
                ["redis-server", str(config)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        deadline = time.monotonic() + PATIENCE
        while not _answers(self.port):
            if self.server.poll() is not None:
                raise Taken(self.said())
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.server is not None:
            self.server.kill()
            self.server.wait(30)
            self.server = None

    def restart(self) -> None:
        """Kill it and start it: what it answered for is on its disk."""
        self.kill()
        self.start()

    end = kill

    def said(self) -> str:
        """Give what it said."""
        return (self.folder / "said").read_text(errors="replace")[-4_000:]


def _answers(port: int) -> bool:
    """Whether a server is there that has read what is on its disk."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"AUTH guest\r\nPING\r\n")
            with connection.makefile("rb") as said:
                return (said.readline(), said.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False
