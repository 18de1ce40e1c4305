"""Opens one file to single users besides its owner: POSIX access control lists, see acl(5)."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable

from svcctl.errors import SystemFault

# Linux: include/uapi/linux/posix_acl_xattr.h and posix_acl.h; numbers are little-endian
_NAME = "system.posix_acl_access"
_HEADER, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_VERSION, _NOBODY = 2, 0xFFFFFFFF
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20


def access_list(mode: int, users: Iterable[int], *, may: int) -> bytes:
    """Give the list that *mode* stands for, with *may* (r 4, w 2, x 1) for each of *users*."""
    owner, group, others = mode >> 6 & 7, mode >> 3 & 7, mode & 7
    entries = [
        (_OWNER, owner, _NOBODY),
        *((_USER, may, uid) for uid in sorted(set(users))),
        (_GROUP, group, _NOBODY),
        (_MASK, group | may, _NOBODY),
        (_OTHERS, others, _NOBODY),
    ]
    return _HEADER.pack(_VERSION) + b"".join(_ENTRY.pack(*each) for each in entries)


def admit(path: str, users: Iterable[int], *, mode: int, may: int) -> None:
    """Let *users* do what *may* says with *path*, and everybody else what *mode* says.

    Raises SystemFault where the system or the file system has no such lists.
    """
    users = tuple(users)
    try:
        if users:
            os.setxattr(path, _NAME, access_list(mode, users, may=may))
        elif _has_list(path):
            os.removexattr(path, _NAME)
            os.chmod(path, stat.S_IMODE(mode))
    except (AttributeError, OSError) as error:
        why = getattr(error, "strerror", None) or "this system has no such lists"
        raise SystemFault(
            f"'{path}' cannot be opened to single users: {why}",
            hint="let in a group they are members of: svcctl agent run --group NAME",
        ) from error


def _has_list(path: str) -> bool:
    return hasattr(os, "listxattr") and _NAME in os.listxattr(path)
