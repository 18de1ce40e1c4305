"""Ports for servers that are told where to listen, and begun again at the same place."""

from __future__ import annotations

import contextlib
import random
import socket

_RANGE = range(10_000, 30_000)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens at."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> tuple[int, ...]:
    """Give so many different ones.

    They lie below those that a system gives to who binds to port 0 and to each connection
    (ip(7): from 32768 on): one of these may be somebody's before it is bound to.
    """
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        for port in random.SystemRandom().sample(_RANGE, len(_RANGE)):  # a seed is for all alike
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
            if len(found) == count:
                break
    return tuple(found)
