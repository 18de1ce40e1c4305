"""The door of the local API: a socket in the file system, and who may come in."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import stat
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass

from svcctl.contact import Greet
from svcctl.errors import Conflict, Denied, SystemFault, UsageError
from svcctl.system.paths import private_folder
from svcctl.system.posix.admitted import admit

_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
_READ, _WRITE, _PASS = 4, 2, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is at the other end of a connection, as the kernel vouches for it."""

    pid: int
    uid: int
    gid: int


def listen(path: str, *, group: str | None = None) -> socket.socket:
    """Listen at *path*, open to this user and root, and to the members of *group*.

    A socket file that nobody answers at is replaced.  Raises Conflict where somebody does,
    UsageError for an unknown group, SystemFault where the system says no.
    """
    gid = _group_id(group) if group is not None else -1
    folder = os.path.dirname(path)
    private_folder(folder, mode=0o700)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.lexists(path):
            _insist_nobody_answers(path)
            os.unlink(path)
        door.bind(path)
        os.chmod(path, 0o600)
        if group is not None:
            for each, mode in ((path, 0o660), (folder, 0o750)):
                os.chown(each, -1, gid)
                os.chmod(each, mode)
        door.listen(128)
    except OSError as error:
        door.close()
        raise SystemFault(
            f"cannot listen at '{path}': {error.strerror or error}",
            hint="set SVCCTL_HOME to a folder of this user with a short name",
        ) from error
    except Conflict:
        door.close()
        raise
    door.setblocking(False)
    return door


class SocketDoor:
    """Lets askers in at *listener*; *who_is* names the one at the end of a connection."""

    def __init__(self, listener: socket.socket, *, who_is: Callable[[socket.socket], str]) -> None:
        self._listener, self._who_is = listener, who_is
        self._admitted: frozenset[str] = frozenset()
        self._modes: dict[str, int] = {}
        self._server: asyncio.Server | None = None

    async def open(self, greet: Greet, *, limit: int) -> None:
        """Have *greet* converse with everyone who comes; *limit*: bytes of the longest line."""

        async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            await greet(reader, writer, lambda: self._named(connection))

        self._server = await asyncio.start_unix_server(met, sock=self._listener, limit=limit)

    def admit(self, actors: Collection[str]) -> None:
        """See :class:`svcctl.contact.GuardedDoor`; *actors* are ``uid:NUMBER``."""
        path = self._listener.getsockname()
        self._admitted = frozenset(actors)
        users = [int(each.removeprefix("uid:")) for each in actors if each.startswith("uid:")]
        for each, may in ((path, _READ | _WRITE), (os.path.dirname(path), _PASS)):
            self._modes.setdefault(each, stat.S_IMODE(os.stat(each).st_mode))
            admit(each, users, mode=self._modes[each], may=may)

    def _named(self, connection: socket.socket) -> str:
        if self._admitted and (name := f"uid:{peer(connection).uid}") in self._admitted:
            return name
        return self._who_is(connection)

    def close(self) -> None:
        """Let nobody in any more."""
        if self._server:
            self._server.close()
        self._listener.close()


def peer(connection: socket.socket) -> Peer:
    """Say who is at the other end; SystemFault where this system cannot tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        raise SystemFault("this system does not tell who connects to a socket")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid=pid, uid=uid, gid=gid)


def actor(connection: socket.socket, *, of: str, group: str | None = None) -> str:
    """Name the user at the other end; raises Denied unless he may use *of* (``the agent``)."""
    who = peer(connection)
    if not may_connect(who, owner=os.geteuid(), group=group):
        raise Denied(
            f"user {who.uid} may not use {of} of user {os.geteuid()}",
            hint="do it as that user or as root; an agent can let in a group too",
        )
    return f"uid:{who.uid}"


def may_connect(who: Peer, *, owner: int, group: str | None = None) -> bool:
    """Say whether *who* is root, the user with the id *owner*, or a member of *group*."""
    if who.uid in {0, owner}:
        return True
    if group is None:
        return False
    gid = _group_id(group)
    if who.gid == gid:
        return True
    try:
        account = pwd.getpwuid(who.uid)
    except KeyError:
        return False
    return gid in os.getgrouplist(account.pw_name, account.pw_gid)


def _insist_nobody_answers(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        try:
            caller.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except TimeoutError as error:
            raise _busy(path) from error
    raise _busy(path)


def _busy(path: str) -> Conflict:
    return Conflict(f"somebody already listens at '{path}'", hint="see who: svcctl agent status")


def _group_id(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise UsageError(
            f"there is no group '{name}' on this machine", hint="see them: getent group"
        ) from None


async def open_streams(
    address: str, *, limit: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to who listens at *address*; a line may have *limit* bytes.  Raises OSError."""
    return await asyncio.open_unix_connection(address, limit=limit)
