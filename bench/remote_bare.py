"""What remote control is measured beside: one Starlette handler that verifies a token.

``python -m bench.remote_bare KEYS FILE`` says FILE to whoever shows a token of these signing keys,
at a port of loopback that it prints.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request  # noqa: TC002 - a handler's
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn import Config, Server


def application(keys: KeySet, document: object) -> Starlette:
    """Give the handler, at ``/status``."""

    async def status(request: Request) -> Response:
        text = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(text, keys, algorithms=["Ed25519"]).claims
        except (JoseError, ValueError):
            return Response(status_code=401)
        if claims["exp"] < time.time():
            return Response(status_code=401)
        return JSONResponse(document)

    return Starlette(routes=[Route("/status", status)])


def main() -> int:
    """Serve until killed."""
    ring = json.loads(Path(sys.argv[1]).read_text())
    keys = KeySet.import_key_set({"keys": [each["jwk"] for each in ring["keys"]]})
    document = json.loads(Path(sys.argv[2]).read_text())
    config = Config(
        application(keys, document),
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as uvicorn's own have it
        print(listener.getsockname()[1], flush=True)
        asyncio.run(Server(config).serve(sockets=[listener]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
