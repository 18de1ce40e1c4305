"""Measures commands over RabbitMQ beside a bare consumer: ``python -m bench.remote_mq``.

1,000 commands are sent through a real broker to ``svcctl serve rabbitmq`` before a real agent,
each signed, written down twice, answered and acknowledged; then 1,000 messages to a handler of
aio-pika's that acknowledges them, and to one that answers them first.  As many are under way at
once in each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.rabbit import Broker
from bench.remote_site import SERVICE, Site, cpu_of, site
from bench.session import until
from bench.spread import Spread
from svcctl.client.amqp import aio_pika, parse_amqp
from svcctl.client.queue import Queue, Signer, open_queue

_AT_ONCE = 64
_PATIENCE = 120.0  # seconds
_HOST = "bench"


@contextlib.contextmanager
def front(broker: Broker) -> Iterator[tuple[Site, int, Signer]]:
    """Give a home whose agent is served over *broker*, the pid of the front, and who may ask."""
    key = Ed25519PrivateKey.generate()
    public = b64encode(key.public_key().public_bytes_raw()).decode()
    signer = f'[access.signers.me]\nkey = "{public}"\nroles = ["admin"]\n'
    with site(signer + SERVICE.format(number=0)) as made:
        address = made.home / "broker"
        address.write_text(broker.url)
        address.chmod(0o600)
        user = ("--user", "nobody") if os.geteuid() == 0 else ()
        log = made.home / "rabbitmq.log"
        options = ("--url-file", str(address), "--name", _HOST, "--at-once", str(_AT_ONCE))
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "svcctl", "serve", "rabbitmq", *options, *user],
                env=made.environ,
                cwd="/",
                stdout=out,
                stderr=out,
            )
        try:
            until(lambda: b"serving" in log.read_bytes(), what="it serves", within=_PATIENCE)
            yield made, process.pid, Signer(key="me", private=key.private_bytes_raw())
        finally:
            process.terminate()
            process.wait(_PATIENCE)


async def _timed(count: int, one: Callable[[], Awaitable[object]]) -> dict[str, Any]:
    """Do *one* so often, some at once; give how many a second, and how long each took."""
    took: list[float] = []
    places = asyncio.Semaphore(_AT_ONCE)

    async def each() -> None:
        async with places:
            began = time.perf_counter()
            await one()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(each() for _ in range(count)))
    passed = time.perf_counter() - began
    return {"a second": count / passed, "seconds": asdict(Spread.of(took))}


def commands(broker: Broker, *, count: int) -> dict[str, Any]:
    """Measure looks, and changes whose outcome nobody waits for, by svcctl."""

    async def ask(signer: Signer, verb: str) -> dict[str, Any]:
        async with open_queue(parse_amqp(broker.url), signer=signer) as queue:
            await _asked(queue, verb)
            return await _timed(count, lambda: _asked(queue, verb))

    found: dict[str, Any] = {}
    with front(broker) as (made, pid, signer):
        for verb in ("status", "reset"):
            before = {"front": cpu_of(pid), "agent": cpu_of(made.agent)}
            found[verb] = asyncio.run(ask(signer, verb))
            after = {"front": cpu_of(pid), "agent": cpu_of(made.agent)}
            found[verb]["cpu us each"] = {
                name: (after[name] - before[name]) * 1e6 / count for name in before
            }
    return found


async def _asked(queue: Queue, verb: str) -> object:
    args = {"no_wait": True} if verb == "reset" else {}
    return await queue.ask(_HOST, verb, "s000", args=args)


def bare(broker: Broker, *, count: int, answers: bool) -> dict[str, Any]:
    """Measure a handler that acknowledges, and *answers* first."""
    return asyncio.run(_bare(broker.url, count=count, answers=answers))


async def _bare(url: str, *, count: int, answers: bool) -> dict[str, Any]:
    library = aio_pika()
    waiting: dict[str, asyncio.Future[None]] = {}

    async with _channels(url) as (sending, taking):
        exchange = sending.default_exchange
        queue = await taking.declare_queue(
            f"bare-{answers}", durable=True, arguments={"x-queue-type": "quorum"}
        )
        replies = await taking.declare_queue(exclusive=True, auto_delete=True)

        async def take(message: Any) -> None:
            if answers:
                reply = library.Message(message.body, message_id=message.message_id)
                await exchange.publish(reply, replies.name)
            await message.ack()
            if not answers:
                waiting[message.message_id].set_result(None)

        async def hear(message: Any) -> None:
            waiting[message.message_id].set_result(None)

        await queue.consume(take)
        await replies.consume(hear, no_ack=True)

        async def one() -> None:
            name = str(len(waiting))
            waiting[name] = asyncio.get_running_loop().create_future()
            message = library.Message(b"x" * 500, message_id=name, delivery_mode=2)
            await exchange.publish(message, queue.name)
            await waiting[name]

        return await _timed(count, one)


@contextlib.asynccontextmanager
async def _channels(url: str) -> AsyncIterator[tuple[Any, Any]]:
    async with await aio_pika().connect(url) as connection:
        taking = await connection.channel(publisher_confirms=False)
        await taking.set_qos(prefetch_count=_AT_ONCE)
        yield await connection.channel(), taking


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.remote_mq", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="svq", ignore_cleanup_errors=True) as folder:
        broker = Broker(Path(folder))
        try:
            broker.begin()
            found = {
                "svcctl": commands(broker, count=count),
                "acknowledged": bare(broker, count=count, answers=False),
                "answered and acknowledged": bare(broker, count=count, answers=True),
            }
        finally:
            broker.end()
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
