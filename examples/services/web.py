"""An HTTP service that stands in a registry for exactly as long as it takes work.

Try it::

    svcctl mock registry.toml --port 8500    # plays the registry; the agent of a Consul will do
    python web.py run                        # its health is on port 8001
    curl --data "how many words" http://127.0.0.1:8000
"""

import json
import urllib.request
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_connection, socket
from threading import Thread

from svcctl import Service, ThreadContext, check
from svcctl.errors import Conflict


class Web(Service):
    """Counts the words of what is sent to it."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Where it listens, and who is to know."""

        port: int = 8000
        health_port: int = 8001  # /health/live, /health/ready, /metrics
        registry: str = "http://127.0.0.1:8500"

    def run(self, ctx: ThreadContext) -> None:
        """Listen and register; once told to stop, deregister before the last requests are done."""
        config, me = ctx.config, f"{ctx.name}-{ctx.config.port}"
        server = ctx.use(ThreadingHTTPServer(("127.0.0.1", config.port), partial(Counter, ctx)))
        ctx.on_stop(server.shutdown)
        Thread(target=server.serve_forever, args=(0.05,), name="http", daemon=True).start()
        health = f"http://127.0.0.1:{config.health_port}/health/ready"
        entry = {
            "ID": me,
            "Name": ctx.name,
            "Address": "127.0.0.1",
            "Port": config.port,
            "Check": {"HTTP": health, "Interval": "5s"},
        }
        for _ in ctx.ticks("10s"):  # again and again: a registry may be late, or forget
            tell_registry(ctx, "register", entry)
        tell_registry(ctx, f"deregister/{me}")

    @check("ready")
    def listens(self, ctx: ThreadContext) -> None:
        """Fail where nobody answers on the port."""
        create_connection(("127.0.0.1", ctx.config.port), timeout=1.0).close()


class Counter(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = 10.0  # seconds a client may be silent

    def __init__(
        self, ctx: ThreadContext, connection: socket, client: object, server: ThreadingHTTPServer
    ) -> None:
        self._ctx = ctx
        super().__init__(connection, client, server)

    def do_POST(self) -> None:
        """Count words; a stop waits for those who were heard, and refuses others."""
        try:
            with self._ctx.work("request"):
                text = self.rfile.read(int(self.headers["Content-Length"] or 0))
                self._answer(200, {"words": len(text.split())})
        except Conflict as error:
            self._answer(503, {"problem": error.problem})

    def _answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, _: str, *words: object) -> None:
        """Log a request where all the rest is logged."""
        self._ctx.log.info("request.answered", request=words[0], status=words[1])


def tell_registry(ctx: ThreadContext, what: str, entry: object = None) -> None:
    """Put something to the registry; that it is away is no reason not to work."""
    url = f"{ctx.config.registry}/v1/agent/service/{what}"
    request = urllib.request.Request(url, json.dumps(entry).encode(), method="PUT")
    try:
        urllib.request.urlopen(request, timeout=3.0).close()
    except OSError as error:
        ctx.log.warning("registry.not-told", what=what, problem=str(error))


if __name__ == "__main__":
    Web.main()
