"""The shop's database: a counter of orders behind a TCP port, and the one that never fails."""

from __future__ import annotations

import argparse
import socketserver

_ORDERS = {"placed": 0, "packed": 0}


class _Conversation(socketserver.StreamRequestHandler):
    """``place``, ``pack`` or ``count``, answered with the numbers of orders placed and packed."""

    def handle(self) -> None:
        question = self.rfile.readline().decode().strip()
        if question == "place":
            _ORDERS["placed"] += 1
        elif question == "pack" and _ORDERS["packed"] < _ORDERS["placed"]:
            _ORDERS["packed"] += 1
        self.wfile.write(f"{_ORDERS['placed']} {_ORDERS['packed']}\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    with _Server(("127.0.0.1", port), _Conversation) as server:
        print(f"answering on port {port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
