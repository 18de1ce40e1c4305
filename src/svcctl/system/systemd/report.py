"""Tells systemd how the service of a host is: the words of sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

from svcctl.contact import ENDPOINT
from svcctl.ports import HostPhase

log = logging.getLogger(__name__)

_PIPES = "\\\\.\\pipe\\"
_TRIES, _BUSY = 20, 0.01  # times, and seconds between them, in which a pipe is tried that is busy

_EXTENDED = frozenset((HostPhase.STARTING, HostPhase.STOPPING))


class SystemdReport:
    """A report to whoever listens at ``$NOTIFY_SOCKET`` of *environ*; silent where nobody does.

    That is systemd, or an agent or host of ours, on Windows too.
    See :class:`svcctl.ports.HostReport`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._ready = False

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """Say in which *phase* the service is; the next word comes *within* seconds."""
        words = [f"STATUS={' '.join(text.split())}"]
        if phase in _EXTENDED:
            words.append(f"EXTEND_TIMEOUT_USEC={round(within * 1e6)}")
        if phase is HostPhase.STOPPING:
            words.append("STOPPING=1")
        elif phase is HostPhase.RUNNING and not self._ready:
            self._ready = True
            words.append("READY=1")
        self._send(words)

    def reloading(self, *, over: bool) -> None:
        """Say that the configuration is being read again, or (*over*) has been."""
        if over:
            self._send(["READY=1"])
        else:
            now = time.monotonic_ns() // 1000
            self._send(["RELOADING=1", f"MONOTONIC_USEC={now}"])

    def found_at(self, address: str) -> None:
        """Say where the service takes requests; systemd itself passes over what begins with X_."""
        self._send([f"{ENDPOINT}={address}"])

    def ping(self) -> None:
        """Say that this process lives, for the watchdog of its unit."""
        self._send(["WATCHDOG=1"])

    def _send(self, words: list[str]) -> None:
        if not self._address:
            return
        send = _through_pipe if self._address.startswith(_PIPES) else _through_socket
        try:
            send(self._address, "\n".join(words).encode())
        except OSError as error:
            log.warning("systemd.deaf", extra={"problem": str(error)})


def _through_socket(address: str, message: bytes) -> None:
    path = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.connect(path)
        door.send(message)


def _through_pipe(address: str, message: bytes) -> None:
    """Tell an agent on Windows, whose notices come in at a pipe; one that is busy soon is not."""
    for tries_left in reversed(range(_TRIES)):
        try:
            pipe = open(address, "wb", buffering=0)  # noqa: SIM115 - as sd_notify(3) would
        except OSError:
            if not tries_left:
                raise
            time.sleep(_BUSY)
        else:
            with pipe:
                pipe.write(message)
            return


def watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Give the seconds between two pings that systemd wants of this process, or None.

    Half of what it allows, as sd_watchdog_enabled(3) recommends.
    """
    allowed = environ.get("WATCHDOG_USEC", "")
    pid = environ.get("WATCHDOG_PID", "")
    if not allowed.isdecimal() or int(allowed) == 0 or pid not in {"", str(os.getpid())}:
        return None
    return int(allowed) / 2e6
