"""Measures gRPC beside a bare servicer: ``python -m bench.remote_grpc``.

``Status`` with a token is asked of ``svcctl serve grpc`` before a real agent, and of a bare
servicer: :mod:`bench.remote_grpc_bare`.  What that one does for each call is all that anybody must
do: joserfc verifies signature and expiry, and grpcio parses the request and writes a message that
is there already, of as many bytes as the front's.  It asks no agent, knows no roles, no revocation
and no audit log, has no limits, names no request, and verifies a token at every call, which the
front does once.

Both are alone in their turn, with 32 calls at once over one connection, made by grpcio for Python:
that client takes about as long for a call as the bare servicer, so on two processors the front and
its agent have one to share, and the servicer one of its own.  What counts is the ratio of answers a
second, round by round; the processor time of each process is told as well, and says more where the
machine has something else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import grpc

from bench.remote_site import SERVICE, Run, Site, compared, cpu_of, site
from bench.spread import Spread

BARE = "bench.remote_grpc_bare"
PATH = "/svcctl.v1.Control/Status"
_AT_ONCE = 32


async def ask(port: int, token: str, *, seconds: float, pids: Mapping[str, int]) -> Run:
    """Ask for the status over and over, so many at once over one connection."""
    took: list[float] = []
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        status: Any = channel.unary_unary(PATH)
        await status(b"", metadata=metadata)
        before = {name: cpu_of(pid) for name, pid in pids.items()}
        began = time.perf_counter()

        async def one() -> None:
            while (asked := time.perf_counter()) - began < seconds:
                await status(b"", metadata=metadata)
                took.append(time.perf_counter() - asked)

        await asyncio.gather(*(one() for _ in range(_AT_ONCE)))
        passed = time.perf_counter() - began
        cpu = {name: (cpu_of(pid) - before[name]) * 1e6 / len(took) for name, pid in pids.items()}
    return Run(answers=len(took), seconds=passed, latencies=Spread.of(took), cpu=cpu)


async def said(made: Site) -> bytes:
    """Give what the front answers."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{made.port}") as channel:
        status: Any = channel.unary_unary(PATH)
        reply: bytes = await status(b"", metadata=(("authorization", f"Bearer {made.token}"),))
        return reply


def unary(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure how many are told of a service in a second, beside the bare servicer."""
    with site(SERVICE.format(number=0), way="grpc") as made:

        def once(port: int, pids: Mapping[str, int]) -> Run:
            return asyncio.run(ask(port, made.token, seconds=seconds, pids=pids))

        return compared(made, BARE, asyncio.run(said(made)), ask=once, rounds=rounds)


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.remote_grpc", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    args = parser.parse_args()
    print(json.dumps(unary(rounds=args.rounds, seconds=args.seconds), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
