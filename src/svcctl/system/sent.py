"""Says what was sent and has not arrived, where the system knows."""

from __future__ import annotations

import socket
import sys

from svcctl.system.detect import Platform, platform

_SIOCOUTQ = 0x5411  # see tcp(7)


def unacknowledged(sending: socket.socket) -> int | None:
    """Give the bytes that the peer's machine has not acknowledged; None: only Linux tells."""
    if platform() is not Platform.LINUX:
        return None
    import fcntl  # noqa: PLC0415 - for those who have to know

    return int.from_bytes(fcntl.ioctl(sending.fileno(), _SIOCOUTQ, bytes(4)), sys.byteorder)
