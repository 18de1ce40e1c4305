"""Measures remote control beside a bare handler: ``python -m bench.remote``.

``GET /status`` with a token is asked of ``svcctl serve http`` before a real agent, and of a bare
Starlette handler that verifies the same token: :mod:`bench.remote_bare`.  What that one does for
each request is all that anybody must do: joserfc verifies signature and expiry, and the document
that the front says, of as many bytes, is written as JSON.  It runs on the same uvicorn, httptools
and asyncio, and its sockets have TCP_NODELAY as well.  It asks no agent, knows no roles, no
revocation and no audit log, sends two headers instead of seven, and verifies a token at every
request, which the front does once.

Both are alone in their turn, with 32 connections over which the next request follows each answer.
The client is as lean as can be, or it would be the client that is measured.  What counts is the
ratio of answers a second, round by round; the processor time of each process is told as well, and
says more where the machine has something else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from bench import proc
from bench.remote_site import SERVICE, Run, Site, compared, cpu_of, site
from bench.spread import Spread

BARE = "bench.remote_bare"
_AT_ONCE = 32  # connections
_FOLLOWERS = 200
_LINES = 5_000  # a second, of the service that is followed
_BUSY = f"""
import time
number, due = 0, time.monotonic()
while True:
    for _ in range({_LINES // 100}):
        number += 1
        print("line", number)
    due = max(due + 0.01, time.monotonic() - 0.1)
    time.sleep(max(0.0, due - time.monotonic()))
"""
_QUIET = 100  # services


class _Asker(asyncio.Protocol):
    """One connection, over which *request* is sent until *ends* (of the loop's time)."""

    def __init__(self, request: bytes, took: list[float], *, ends: float) -> None:
        self._request, self._took, self._ends = request, took, ends
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._came, self._asked = b"", 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        assert self._transport
        self._came, self._asked = b"", self._loop.time()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        now = self._loop.time()
        self._took.append(now - self._asked)
        if now < self._ends:
            self._ask()
        elif self._transport:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self.over.set_exception(exc)
        else:
            self.over.set_result(None)


async def ask(port: int, token: str, *, seconds: float, pids: Mapping[str, int]) -> Run:
    """Ask for the status over and over, over as many connections as there are."""
    loop, took = asyncio.get_running_loop(), list[float]()
    before = {name: cpu_of(pid) for name, pid in pids.items()}
    began = loop.time()

    def asker() -> _Asker:
        return _Asker(_request("/status", token), took, ends=began + seconds)

    made = [await loop.create_connection(asker, "127.0.0.1", port) for _ in range(_AT_ONCE)]
    await asyncio.gather(*(one.over for _, one in made))
    passed = loop.time() - began
    cpu = {name: (cpu_of(pid) - before[name]) * 1e6 / len(took) for name, pid in pids.items()}
    return Run(answers=len(took), seconds=passed, latencies=Spread.of(took), cpu=cpu)


async def follow(made: Site, *, followers: int, seconds: float) -> dict[str, float]:
    """Follow the log of a busy service, as so many; give the lines that came, and were written."""
    came = [0] * followers

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port, limit=2**24)
        path = "/v1/services/busy/logs?follow=1"
        writer.write(_request(path, made.token, accept="text/event-stream"))
        try:
            while chunk := await reader.read(2**18):
                came[number] += chunk.count(b"event: item")
        finally:
            writer.close()

    async def written() -> tuple[float, int]:
        text = await asyncio.to_thread(made.svcctl, "logs", "busy", "-n", "1", "-o", "jsonl")
        return time.perf_counter(), int(json.loads(text.splitlines()[0])["text"].split()[1])

    tasks = [asyncio.create_task(one(number)) for number in range(followers)]
    try:
        began, first = await written()
        total = sum(came)
        await asyncio.sleep(seconds)
        ended, last = await written()
        rate = (last - first) / (ended - began)
        return {"written": rate, "read": (sum(came) - total) / (ended - began)}
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def event_latency(made: Site, *, rounds: int) -> Spread:
    """Give the seconds from a line's writing to its arrival at a follower, by one clock."""
    took: list[float] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
    path = "/v1/services/ticking/logs?follow=1&lines=0"
    writer.write(_request(path, made.token, accept="text/event-stream"))
    while len(took) < rounds:
        line = await reader.readline()
        if line.startswith(b"data:") and (found := re.search(rb"tick ([0-9.]+)", line)):
            took.append(time.time() - float(found[1]))
    writer.close()
    return Spread.of(took)


def _request(path: str, token: str, *, accept: str = "*/*") -> bytes:
    head = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    return head.encode()


def _length(head: bytes) -> int:
    """Give how many bytes follow *head*; raises RuntimeError for an answer that is none."""
    found = re.search(rb"content-length: (\d+)", head)
    if not head.startswith(b"HTTP/1.1 200") or found is None:
        raise RuntimeError(head.decode())
    return int(found[1])


async def said(made: Site) -> bytes:
    """Give the status as the front tells it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
    writer.write(_request("/status", made.token))
    document = await reader.readexactly(_length(await reader.readuntil(b"\r\n\r\n")))
    writer.close()
    return document


def _quiet() -> str:
    return "".join(SERVICE.format(number=number) for number in range(_QUIET))


def _busy() -> str:
    return (
        f"[services.busy]\nexec = {json.dumps([sys.executable, '-uc', _BUSY])}\n"
        "[services.ticking]\nexec = "
        + json.dumps(["sh", "-c", "while :; do date +'tick %s.%N'; sleep 0.1; done"])
        + "\n"
    )


def status(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure how many are told of a service in a second, beside the bare handler."""
    with site(SERVICE.format(number=0)) as made:

        def once(port: int, pids: Mapping[str, int]) -> Run:
            return asyncio.run(ask(port, made.token, seconds=seconds, pids=pids))

        document = asyncio.run(said(made))
        return compared(made, BARE, document, ask=once, rounds=rounds)


def memory(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure what a front with its dashboard, and an agent of 100 services, have in memory."""
    del rounds, seconds
    with site(_quiet()) as made:
        asyncio.run(said(made))
        sizes = {"front": proc.resident([made.front]), "agent": proc.resident([made.agent])}
        pss = {"front": proc.memory([made.front]).pss, "agent": proc.memory([made.agent]).pss}
    return {"rss": sizes, "pss": pss, "rss of both": sum(sizes.values())}


def streams(*, rounds: int, seconds: float) -> dict[str, Any]:
    """Measure how late a line comes, and what followers cost the service they follow."""
    with site(_busy()) as made:
        late = asdict(asyncio.run(event_latency(made, rounds=20 * rounds)))
        alone = asyncio.run(follow(made, followers=0, seconds=seconds))
        crowd = asyncio.run(follow(made, followers=_FOLLOWERS, seconds=seconds))
    return {"line to reader, s": late, "none": alone, f"{_FOLLOWERS} followers": crowd}


FIGURES = {"status": status, "memory": memory, "streams": streams}


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.remote", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("only", nargs="*", choices=[*FIGURES, []], default=[])
    args = parser.parse_args()
    found = {
        name: FIGURES[name](rounds=args.rounds, seconds=args.seconds)
        for name in args.only or FIGURES
    }
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
