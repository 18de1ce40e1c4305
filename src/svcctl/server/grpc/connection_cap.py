"""Bounds the connections of one address: grpcio counts them all together only.

It takes connections itself and tells nobody of one before something is asked over it: what is asked
over one too many is refused at once.  Those over which nothing is asked are cut: the sockets of
this process are looked at now and then, where a process can list its own files, so not on Windows.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

from svcctl.auth.tries import place_of
from svcctl.errors import LimitReached
from svcctl.server.grpc.caller import source_of

log = logging.getLogger(__name__)

_OWN_FILES = Path("/dev/fd")
_PAUSE = 1.0  # seconds between two looks
_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})


class Connections:
    """Those over which something is asked now: *most* of one address, or one network of IPv6."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._asking: dict[str, Counter[str]] = {}

    @contextmanager
    def asking(self, peer: str) -> Iterator[None]:
        """Count one more request of *peer*, as gRPC calls a connection; raises LimitReached."""
        place = place_of(source_of(peer))
        known = self._asking.get(place, Counter())
        if peer not in known and len(known) >= self._most:
            raise LimitReached(
                f"{place} asks over {self._most} connections already",
                hint="use one connection for all calls",
            )
        self._asking[place] = known
        known[peer] += 1
        try:
            yield
        finally:
            known[peer] -= 1
            if not known[peer]:
                del known[peer]
            if not known:
                del self._asking[place]


@asynccontextmanager
async def at_most(most: int, *, port: int) -> AsyncIterator[None]:
    """Cut what an address, or a network of IPv6, has beyond *most* connections to *port*.

    While the block lasts, once a second; who was there first stays.
    """
    watching = asyncio.create_task(_watch(most, port))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(most: int, port: int) -> None:
    known: Sequence[int] = ()
    while _can_look():
        await asyncio.sleep(_PAUSE)
        with suppress(OSError):  # no descriptor is left to look with
            known = _look(known, most, port)


def _can_look() -> bool:
    return _OWN_FILES.is_dir()


def _look(known: Sequence[int], most: int, port: int) -> Sequence[int]:
    """Cut what is too much; give those that stay."""
    stay, beyond = divided(known, {number: place for number, place, _ in _connections(port)}, most)
    if beyond:
        for number, _, found in _connections(port):
            if number in beyond:
                with suppress(OSError):
                    found.shutdown(socket.SHUT_RDWR)  # to grpcio the other end is gone
        for place, count in Counter(beyond.values()).items():
            log.warning("grpc.crowded", extra={"address": place, "cut": count})
    return stay


def divided(
    known: Sequence[int], places: Mapping[int, str], most: int
) -> tuple[Sequence[int], Mapping[int, str]]:
    """Give the connections that stay, oldest first, and those beyond *most* of a place.

    *places* says where each is from; those of *known* that are still there were there first.  Pure.
    """
    counts: Counter[str] = Counter()
    stay, beyond = [], {}
    for number in dict.fromkeys((*(each for each in known if each in places), *places)):
        place = places[number]
        counts[place] += 1
        if counts[place] > most:
            beyond[number] = place
        else:
            stay.append(number)
    return stay, beyond


def _connections(port: int) -> Iterator[tuple[int, str, socket.socket]]:
    """Give each connection to *port*: its number, as long as it lasts, where from, and a copy."""
    for each in _OWN_FILES.iterdir():
        with suppress(OSError), closing(_copy(int(each.name))) as found:  # it may be closed by now
            if found.family in _INTERNET and found.getsockname()[1] == port:
                place = place_of(str(found.getpeername()[0]))
                yield os.fstat(found.fileno()).st_ino, place, found


def _copy(descriptor: int) -> socket.socket:
    """Give a socket that stays this one whatever becomes of *descriptor*; raises OSError."""
    copy = os.dup(descriptor)
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
