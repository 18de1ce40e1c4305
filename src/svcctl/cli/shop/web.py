"""The shop's web server: places an order at every look at it, until it hangs."""

from __future__ import annotations

import argparse
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from svcctl.cli.shop.orders import ask

_HANGS_AFTER = (3.0, 5.0)  # seconds


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    database = 0
    hangs_at = 0.0


class _Page(BaseHTTPRequestHandler):
    """Any page: how many orders there are."""

    server: _Server

    def do_GET(self) -> None:
        if time.monotonic() > self.server.hangs_at:
            print("waiting for a lock that nobody lets go of", flush=True)
            threading.Event().wait()
        body = f"orders placed, packed: {ask(self.server.database, 'place')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=int, required=True)
    options = parser.parse_args()
    with _Server(("127.0.0.1", options.port), _Page) as server:
        server.database = options.database
        server.hangs_at = time.monotonic() + random.uniform(*_HANGS_AFTER)  # noqa: S311 - no secret
        print(f"open on http://127.0.0.1:{options.port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
