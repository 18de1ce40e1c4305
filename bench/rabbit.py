"""A RabbitMQ of its own: private node, ports, home, cookie and epmd; ended by pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ports import free_ports
from svcctl.auth.certificates import new_authority, new_certificate

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PATIENCE = 120.0  # seconds a broker may take to answer, on a busy machine

# Terms of Erlang: it needs a quarter less to start than with rabbitmq.conf, which it translates.
_CONFIG = """
[{{rabbit, [
  {{vm_memory_high_watermark, 0.4}},
  {{disk_free_limit, 10000000}},
  {{log, [{{console, [{{enabled, false}}]}}, {{file, [{{level, warning}}]}}]}},
  {{ssl_listeners, [{{"127.0.0.1", {tls}}}]}},
  {{ssl_options, [
    {{cacertfile, "{folder}/ca.pem"}},
    {{certfile, "{folder}/broker.pem"}},
    {{keyfile, "{folder}/broker.key"}},
    {{verify, verify_none}},
    {{fail_if_no_peer_cert, false}}
  ]}}
]}}].
"""


class Taken(Exception):
    """The broker ended while it was started: one of its ports, most likely."""


@dataclass
class Broker:
    """One broker in *folder*; it keeps what it has over :meth:`kill` and :meth:`start`."""

    folder: Path
    ports: tuple[int, ...] = ()
    server: subprocess.Popen[bytes] | None = None
    epmd: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def begin(self) -> None:
        """Start it for the first time, on ports that nobody else has taken meanwhile."""
        issue(self.folder)
        for _ in range(3):
            self.ports = free_ports(4)
            try:
                self.start()
            except Taken:
                self.end()
            else:
                return
        raise AssertionError(self.said())

    def start(self) -> None:
        """Start it; come back once it takes connections; raises Taken where it cannot."""
        config = _CONFIG.format(tls=self.ports[3], folder=self.folder)
        (self.folder / "rabbitmq.config").write_text(config)
        self._start_epmd()
        with (self.folder / "said").open("ab") as said:
            self.server = subprocess.Popen(
                [SERVER],
                env=self._environ(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait(30)
            self.server = None

    def restart(self) -> None:
        """End it in order and start it: all it has is on its disk then.

        A queue that was made less than a second before a crash is half known to RabbitMQ 3.10.
        """
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGTERM)
        self.server.wait(PATIENCE)
        self.start()

    def end(self) -> None:
        """End whatever was started; leave nothing behind."""
        self.kill()
        if self.epmd is not None:
            self.epmd.kill()
            self.epmd.wait(30)
            self.epmd = None
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)

    @property
    def ca(self) -> str:
        """Whom to trust over TLS."""
        return str(self.folder / "ca.pem")

    @property
    def tls_url(self) -> str:
        return f"amqps://guest:guest@127.0.0.1:{self.ports[3]}/"

    def said(self) -> str:
        """Give what it said, and what it logged."""
        parts = [self.folder / "said", *sorted((self.folder / "log").glob("*.log"))]
        return "\n".join(each.read_text(errors="replace")[-4_000:] for each in parts)

    def _start_epmd(self) -> None:
        """Start the port mapper that the node would start itself, and leave behind."""
        if self.epmd is not None and self.epmd.poll() is None:
            return
        self.epmd = subprocess.Popen(
            ["epmd", "-address", "127.0.0.1", "-port", str(self.ports[2])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environ(),
        )

    def _environ(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"t{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports[0]),
            "RABBITMQ_DIST_PORT": str(self.ports[1]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.ports[2]),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.server is not None
            if self.server.poll() is not None:
                raise Taken(self.said())
            if _answers(self.port):
                return
            time.sleep(0.05)
        raise AssertionError(f"no broker within {PATIENCE:g}s\n{self.said()}")


def issue(folder: Path) -> None:
    """Write what a broker shows over TLS to *folder*, and who vouches for it."""
    now = time.time()
    authority = new_authority("example.org", number=1, lifetime=86_400, now=now)
    own = new_certificate(
        authority, "spiffe://example.org/broker", names=["127.0.0.1"], lifetime=86_400, now=now
    )
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "broker.pem").write_bytes(own.certificate)
    (folder / "broker.key").write_bytes(own.key)


def _answers(port: int) -> bool:
    """Whether something speaks AMQP there: it says what it offers once it is greeted."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.settimeout(5)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
