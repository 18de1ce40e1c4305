"""Sockets that connect when they are needed, and again after they broke."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

_PATIENCE = 5.0  # seconds to connect, and to send
_FIRST_LOOK, _LAST_LOOK = 1, 32  # milliseconds between two looks at that

Unacknowledged = Callable[[socket.socket], int | None]
"""Gives the bytes sent that the peer's machine does not have yet; None: nobody can tell."""


class Connection(Protocol):
    """Carries bytes to one address."""

    @property
    def name(self) -> str:
        """The address, for people."""

    @property
    def is_stream(self) -> bool:
        """What is sent arrives as one flow, without bounds."""

    def send(self, data: bytes) -> None:
        """Send all of it; raises OSError where that fails, and connects anew the next time."""

    def close(self) -> None:
        """Let go of the socket."""


class Layer(Protocol):
    """What lies between the records and TCP."""

    @property
    def name(self) -> str:
        """What messages call a connection with it."""

    @property
    def nothing_yet(self) -> type[OSError]:
        """What is raised where nothing can be read without a wait."""

    def begin(self, connected: socket.socket) -> socket.socket:
        """Give what is spoken through from now on; raises OSError where the peer is not right."""

    def end(self, spoken: socket.socket) -> None:
        """Take leave without a wait; never raises."""


class Bare:
    """No layer."""

    name = "tcp"
    nothing_yet = BlockingIOError

    def begin(self, connected: socket.socket) -> socket.socket:
        """Give the socket itself."""
        return connected

    def end(self, spoken: socket.socket) -> None:
        """Have nothing to say."""


class Tcp:
    """A TCP connection; one that the peer has closed is noticed before anything is sent on it.

    *unacknowledged* is for who has to :meth:`confirm`; without it, what was sent is believed to
    have arrived.
    """

    is_stream = True

    def __init__(
        self,
        host: str,
        port: int,
        *,
        layer: Layer | None = None,
        patience: float = _PATIENCE,
        unacknowledged: Unacknowledged = lambda _: None,
    ) -> None:
        self._address, self._patience = (host, port), patience
        self._unacknowledged = unacknowledged
        self._layer: Layer = layer or Bare()
        self._socket: socket.socket | None = None
        self.name = f"{self._layer.name} {host}:{port}"

    def send(self, data: bytes) -> None:
        """Send all of *data*, over a new connection where there is none."""
        try:
            if self._socket is not None and _has_ended(self._socket, self._layer.nothing_yet):
                self.close()
            if self._socket is None:
                self._socket = self._connected()
            self._socket.sendall(data)
        except OSError:
            self.close()
            raise

    def confirm(self) -> None:
        """Come back once the peer's machine has all that was sent, as far as ours can tell.

        Raises OSError where that does not happen in time, or the peer has left; what was sent then
        may have arrived or not.
        """
        if self._socket is None:
            raise ConnectionResetError("the connection was closed")
        try:
            self._wait_until_taken(self._socket)
            if _has_ended(self._socket, self._layer.nothing_yet):
                raise ConnectionResetError("the receiver closed the connection")
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the socket."""
        found, self._socket = self._socket, None
        if found is not None:
            self._layer.end(found)
            found.close()

    def _wait_until_taken(self, found: socket.socket) -> None:
        """Wait until the peer's machine has acknowledged every byte, where the system tells."""
        if not self._unacknowledged(found):
            return
        broken = select.poll()
        broken.register(found, 0)  # POLLERR and POLLHUP are told all the same
        pause, until = _FIRST_LOOK, time.monotonic() + self._patience
        while self._unacknowledged(found):
            if time.monotonic() > until:
                raise TimeoutError("the receiver takes nothing")
            if broken.poll(pause):
                raise ConnectionResetError("the receiver closed the connection")
            pause = min(pause * 2, _LAST_LOOK)

    def _connected(self) -> socket.socket:
        found = socket.create_connection(self._address, self._patience)
        try:
            return self._layer.begin(found)
        except OSError:
            found.close()
            raise


class Datagrams:
    """A socket whose datagrams arrive one by one, or not at all."""

    is_stream = False

    def __init__(self, name: str, connect: Callable[[], socket.socket]) -> None:
        self.name, self._connect = name, connect
        self._socket: socket.socket | None = None

    def send(self, data: bytes) -> None:
        """Send *data* as one datagram."""
        self.use(lambda found: found.sendall(data))

    def use(self, act: Callable[[socket.socket], object]) -> None:
        """Do something with the connected socket; it is left if that raises OSError."""
        try:
            if self._socket is None:
                self._socket = self._connect()
            act(self._socket)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the socket."""
        found, self._socket = self._socket, None
        if found is not None:
            found.close()


def udp(host: str, port: int) -> Datagrams:
    """Give a connection by UDP."""

    def connect() -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[
            0
        ]
        return _connected(socket.socket(family, kind, protocol), address)

    return Datagrams(f"udp {host}:{port}", connect)


def unix_datagrams(path: str) -> Datagrams:
    """Give a connection to a datagram socket in the file system; Windows has none."""

    def connect() -> socket.socket:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError(f"this system has no socket {path}")
        return _connected(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), path)

    return Datagrams(path, connect)


def _connected(found: socket.socket, address: object) -> socket.socket:
    found.settimeout(_PATIENCE)
    try:
        found.connect(address)  # type: ignore[arg-type]
    except OSError:
        found.close()
        raise
    return found


def _has_ended(found: socket.socket, nothing_yet: type[OSError]) -> bool:
    """Say whether the peer has closed; what it says is read and forgotten."""
    patience = found.gettimeout()
    found.settimeout(0)
    try:
        while found.recv(4096):
            continue
        return True
    except nothing_yet:
        return False
    finally:
        found.settimeout(patience)
