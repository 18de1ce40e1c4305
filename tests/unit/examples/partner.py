"""Plays those whom the examples speak to: over real HTTP, and with a good memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, dict[str, Any]], int]
"""Given the path and the body of a request, the status that is answered."""


@dataclass
class Partner:
    """Somebody on the network: what he was asked, in order, and how he answers."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answer: Answer = lambda _path, _body: 200

    @property
    def paths(self) -> list[str]:
        """What he was asked, without with what."""
        return [path for path, _ in self.asked]


def understood(text: bytes) -> dict[str, Any]:
    """Give what stands in a body; nothing where it is no JSON."""
    try:
        return json.loads(text) or {}
    except ValueError:
        return {}


@contextmanager
def partner() -> Iterator[Partner]:
    """Give somebody who says yes to everything, on a port of his own."""
    made = Partner()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            made.keys.append(self.headers["Idempotency-Key"])
            made.asked.append((self.path, understood(text)))
            self.send_response(made.answer(*made.asked[-1]))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
