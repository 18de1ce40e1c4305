"""Measures what sending logs costs, beside rsyslog: ``python -m bench.shipping``.

A log of 120-byte lines is read from its beginning and sent to a receiver, by each subject in turn.
What counts is processor time of the sender, so that a busy machine matters little.  rsyslog keeps
no buffer on disk here, we do.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.spread import Spread
from svcctl.bootstrap.shipping import receiver_of
from svcctl.bootstrap.tailing import SavedIn
from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.records.joining import whole
from svcctl.observe.ship.aside import Aside
from svcctl.observe.ship.intake import Intake
from svcctl.observe.ship.packing import Limits, Packer
from svcctl.observe.ship.sender import Sender
from svcctl.observe.ship.sent import Sent
from svcctl.observe.ship.spool import Spool
from svcctl.spec.shipping import ShippingKind, ShippingSpec
from svcctl.system.clock import SystemClock

KINDS = ("syslog", "logstash", "loki", "elasticsearch", "otlp")
_WIDTH = 120  # bytes of a line
_MARK = b"line-"
_ENOUGH = 0.999  # what the last packet has is not counted
_PATIENCE = 300.0  # seconds
_RSYSLOG = """
module(load="imfile")
global(workDirectory="{folder}")
template(name="sent" type="string"
         string="<134>1 %timereported:::date-rfc3339% here web - - - %msg%")
input(type="imfile" file="{log}" tag="web" ruleset="all" freshStartTail="off")
ruleset(name="all") {{
  action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="sent"
         TCP_Framing="octet-counted")
}}
"""


class Sink:
    """A receiver at *port*; *lines* came by TCP, whatever is posted is taken."""

    def __init__(self) -> None:
        self.port = self.lines = 0

    def take(self, connection: socket.socket) -> None:
        """Count what comes until the sender leaves."""
        with connection:
            rest = b""
            while some := connection.recv(1 << 20):
                whole_lines, _, rest = (rest + some).rpartition(b" ")
                self.lines += whole_lines.count(_MARK)


@contextmanager
def over_tcp() -> Iterator[Sink]:
    """Give a sink for TCP."""
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sink.port = listening.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    sink.take(listening.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield sink
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def over_http() -> Iterator[Sink]:
    """Give a sink for HTTP, which every kind of receiver is content with."""
    sink = Sink()

    class Taking(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = b'{"errors": false}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        sink.port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield sink
        server.shutdown()


def send(kind: str, *, port: int, folder: Path, lines: int) -> float:
    """Ship ``app.log`` of *folder* as the agent does, in this process; give the CPU seconds."""
    clock = SystemClock()
    url = "" if kind in {"syslog", "logstash"} else f"http://127.0.0.1:{port}"
    host = "" if url else "127.0.0.1"
    spec = ShippingSpec(kind=ShippingKind(kind), url=url, host=host, port=port)
    ends = SavedIn(f"{folder}/positions")
    with closing(Spool(f"{folder}/spool", ends=ends, limit=spec.buffer)) as spool:
        globs, manner = [f"{folder}/app.log"], Manner(whole=whole)
        tail = Tail(globs, clock=clock, place=spool, at_end=False, manner=manner)
        intake = Intake(tail, spool, clock=clock)
        sender = Sender(
            kind,
            spool=spool,
            packer=lambda progress: Packer(
                spool,
                progress.spot,
                limits=Limits(count=spec.batch.count, size=spec.batch.size, wait=0.0),
                name=spool.name,
            ),
            sent=Sent(f"{folder}/sent"),
            receiver=receiver_of(spec, host="here", read=str),
            aside=Aside(f"{folder}/aside"),
            clock=clock,
            publish=print,
        )
        begun = _cpu(resource.RUSAGE_SELF)
        while sender.standing.progress.sent < lines:
            if not intake.step():
                intake.wait()
            while sender.step() is not None:
                continue
        took = _cpu(resource.RUSAGE_SELF) - begun
        sender.close()
        intake.close()
    return took


def by_svcctl(kind: str, folder: Path, lines: int) -> float:
    """Give the CPU seconds of *kind*, in a process of its own."""
    with over_tcp() if kind in {"syslog", "logstash"} else over_http() as sink:
        command = [sys.executable, "-m", "bench.shipping", "--send", kind, "--port", str(sink.port)]
        command += ["--folder", str(folder), "--lines", str(lines)]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)


def by_rsyslog(folder: Path, lines: int) -> float:
    """Give the CPU seconds of an rsyslog that reads the same log and forwards it."""
    found = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    with over_tcp() as sink:
        config = folder / "rsyslog.conf"
        text = _RSYSLOG.format(folder=folder, log=folder / "app.log", port=sink.port)
        config.write_text(text)
        before = _cpu(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen([found, "-n", "-f", str(config), "-i", f"{folder}/pid"])
        deadline = time.monotonic() + _PATIENCE
        while sink.lines < lines * _ENOUGH and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        process.wait(_PATIENCE)
        if sink.lines < lines * _ENOUGH:
            raise RuntimeError(f"rsyslog sent {sink.lines} of {lines} lines")
    return _cpu(resource.RUSAGE_CHILDREN) - before


def measure(lines: int, rounds: int) -> dict[str, Spread]:
    """Give lines a second of CPU by subject."""
    taken: dict[str, list[float]] = {}
    subjects: dict[str, Callable[[Path, int], float]] = {"rsyslog omfwd": by_rsyslog}
    subjects |= {f"svcctl {kind}": partial(by_svcctl, kind) for kind in KINDS}
    for _ in range(rounds):
        for name, subject in subjects.items():
            with tempfile.TemporaryDirectory(prefix="svb") as made:
                folder = Path(made)
                write(folder / "app.log", lines)
                taken.setdefault(name, []).append(lines / subject(folder, lines))
    return {name: Spread.of(values) for name, values in taken.items()}


def write(path: Path, lines: int) -> None:
    """Write a log as programs do."""
    with path.open("w") as file:
        for number in range(lines):
            line = f"2026-11-21T12:00:00Z INFO line-{number:08d} user={number % 97} "
            file.write(f"{line:x<{_WIDTH - 1}}\n")


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found there")
    parser.add_argument("--send", default="", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=Path(), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.send:
        print(send(args.send, port=args.port, folder=args.folder, lines=args.lines))
        return 0
    found = measure(args.lines, args.rounds)
    for name, spread in found.items():
        print(f"{name:24} {spread.median:>10,.0f} lines a second of CPU ± {spread.mad:,.0f}")
    if args.json:
        document = {name: asdict(spread) for name, spread in found.items()}
        args.json.write_text(json.dumps(document, indent=0) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
