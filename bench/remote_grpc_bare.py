"""What gRPC is measured beside: one servicer of grpcio that verifies a token.

``python -m bench.remote_grpc_bare KEYS FILE`` says FILE, a StatusReply, to whoever shows a token
of these signing keys, at a port of loopback that it prints.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from svcctl.server.grpc.descriptors import classes


def servicer(keys: KeySet, reply: Any) -> grpc.GenericRpcHandler:
    """Give what answers ``Status`` with the message *reply*, and nothing else."""

    async def status(request: Any, context: Any) -> Any:
        del request
        shown = dict(context.invocation_metadata()).get("authorization", "")
        try:
            text = shown.removeprefix("Bearer ")
            claims = jwt.decode(text, keys, algorithms=["Ed25519"]).claims
            holds = claims["exp"] > time.time()
        except (JoseError, ValueError):
            holds = False
        if not holds:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        return reply

    request: Any = classes().of["StatusRequest"]
    handler = grpc.unary_unary_rpc_method_handler(
        status,
        request_deserializer=request.FromString,
        response_serializer=type(reply).SerializeToString,
    )
    return grpc.method_handlers_generic_handler("svcctl.v1.Control", {"Status": handler})


async def serve(handler: grpc.GenericRpcHandler) -> None:
    """Serve until killed."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def main() -> int:
    """Read the keys and what is to be said, and serve."""
    ring = json.loads(Path(sys.argv[1]).read_text())
    keys = KeySet.import_key_set({"keys": [each["jwk"] for each in ring["keys"]]})
    reply: Any = classes().of["StatusReply"]()
    reply.ParseFromString(Path(sys.argv[2]).read_bytes())
    asyncio.run(serve(servicer(keys, reply)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
