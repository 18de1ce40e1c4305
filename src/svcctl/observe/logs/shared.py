"""Opens log files so that they can be renamed and deleted meanwhile, as on POSIX, and reads them.

Windows lets nobody rename a file that is open, unless everyone who opened it allowed it by
FILE_SHARE_DELETE, which neither C nor Python asks for: see CreateFileW.
"""

from __future__ import annotations

import ctypes
import os
from typing import IO, Any

_GENERIC_READ, _GENERIC_WRITE = 0x80000000, 0x40000000
_SHARE_ALL = 0x7  # FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE
_OPEN_EXISTING, _OPEN_ALWAYS = 3, 4
_NORMAL = 0x80


def open_shared(path: str, flags: int, mode: int = 0o640) -> int:
    """Give a descriptor of *path*, opened with os.open's *flags*; raises OSError as that does."""
    if not hasattr(ctypes, "WinDLL"):
        return os.open(path, flags, mode)
    return _create_file(path, flags)


def open_to_read(path: str) -> IO[bytes]:
    """Give *path* as a file to read bytes from."""
    return open(path, "rb", opener=lambda name, flags: open_shared(name, flags))  # noqa: PLW0108 - with our sharing


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Give at most *size* bytes from *offset*; where the descriptor stands is not changed."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)


def write_at(descriptor: int, content: bytes, offset: int) -> int:
    """Write *content* at *offset*, and give how much of it was written."""
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, content, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, content)


def _create_file(path: str, flags: int) -> int:
    import msvcrt  # noqa: PLC0415 - Windows only

    windows: Any = ctypes
    create = windows.WinDLL("kernel32", use_last_error=True).CreateFileW
    create.restype = ctypes.c_void_p
    create.argtypes = [
        *(ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p),
        *(ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p),
    ]
    writes = flags & (os.O_WRONLY | os.O_RDWR)
    access = _GENERIC_READ | (_GENERIC_WRITE if writes else 0)
    how = _OPEN_ALWAYS if flags & os.O_CREAT else _OPEN_EXISTING
    handle = create(path, access, _SHARE_ALL, None, how, _NORMAL, None)
    if handle in {None, ctypes.c_void_p(-1).value}:
        code = windows.get_last_error()
        raise OSError(0, windows.FormatError(code).strip(), path, code)
    crt: Any = msvcrt
    binary = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
    descriptor: int = crt.open_osfhandle(handle, flags | binary)
    return descriptor
