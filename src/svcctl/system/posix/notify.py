"""Listens to what programs say of themselves, see sd_notify(3)."""

from __future__ import annotations

import array
import asyncio
import hashlib
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from svcctl.contact import Notice
from svcctl.errors import SystemFault
from svcctl.ports import Cancel
from svcctl.system.paths import private_folder

_LONGEST = 1 << 16
_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
_MOST_DESCRIPTORS = 253  # SCM_MAX_FD
_SPACE = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4 * _MOST_DESCRIPTORS)


class PosixNoticeBoard:
    """One datagram socket for each instance in *folder*, which programs of any user may write to.

    Descriptors that come along (``FDSTORE``, ``BARRIER``) are closed: svcctl stores none.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._cancels: dict[str, Cancel] = {}

    def close(self) -> None:
        """Stop listening to everyone; a new board gives the same addresses."""
        for cancel in tuple(self._cancels.values()):
            cancel()

    def listen(self, instance: str, call: Callable[[Notice], None]) -> tuple[str, Cancel]:
        """Give the address to put into NOTIFY_SOCKET; replaces who listened for *instance*.

        *call* is made from the event loop.  Raises SystemFault where no socket can be had.
        """
        loop = asyncio.get_running_loop()
        before = self._cancels.get(instance)
        if before is not None:
            before()
        digest = hashlib.blake2b(instance.encode(), digest_size=8).hexdigest()
        address = os.path.join(self._folder, f"{digest}.sock")
        board = _bind(self._folder, address)
        loop.add_reader(board.fileno(), _receive_all, board, call)

        def cancel() -> None:
            if board.fileno() < 0:
                return
            loop.remove_reader(board.fileno())
            board.close()
            with suppress(FileNotFoundError):
                os.unlink(address)
            self._cancels.pop(instance, None)

        self._cancels[instance] = cancel
        return address, cancel


def parse_notice(message: bytes) -> dict[str, str]:
    """Parse lines of ``NAME=value``; others are skipped, of equal names the last one counts."""
    fields: dict[str, str] = {}
    for line in message.decode(errors="replace").split("\n"):
        name, found, value = line.partition("=")
        if found and name:
            fields[name] = value
    return fields


def _bind(folder: str, address: str) -> socket.socket:
    private_folder(folder, mode=0o711)
    board = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if hasattr(socket, "SO_PASSCRED"):
            board.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with suppress(FileNotFoundError):
            os.unlink(address)
        board.bind(address)
        os.chmod(address, 0o666)  # noqa: S103  # services run as any user
    except OSError as error:
        board.close()
        raise SystemFault(
            f"no socket for notices at '{address}': {error.strerror}",
            hint="set SVCCTL_HOME to a folder that can hold sockets",
        ) from error
    return board


def _receive_all(board: socket.socket, call: Callable[[Notice], None]) -> None:
    """Hand on what came in; stops where *call* has cancelled the listening."""
    while board.fileno() >= 0:
        try:
            message, ancillary, flags, _ = board.recvmsg(
                _LONGEST, _SPACE, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except (BlockingIOError, ConnectionError):
            return
        uid = _take_ancillary(ancillary)
        fields = parse_notice(message)
        if fields and not flags & socket.MSG_TRUNC:
            call(Notice(fields=fields, uid=uid))


def _take_ancillary(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Give the sender's uid, as the kernel vouches for it, and close descriptors."""
    uid = -1
    for level, kind, content in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_RIGHTS:
            descriptors = array.array("i")
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
            for each in descriptors:
                os.close(each)
        elif kind == getattr(socket, "SCM_CREDENTIALS", -1):
            uid = _CREDENTIALS.unpack_from(content)[1]
    return uid
