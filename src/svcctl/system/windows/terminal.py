"""What a person's console does only when asked: escape sequences."""

from __future__ import annotations

from ctypes import byref, c_void_p, wintypes
from typing import Any

from svcctl.system.windows.winapi import declare, library

_ESCAPES = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING


def show_escapes(descriptor: int) -> bool:
    """Have the console behind *descriptor* obey ECMA-48 sequences; say whether it does now."""
    dll = library("kernel32")
    look = declare(dll.GetConsoleMode, wintypes.BOOL, wintypes.HANDLE, c_void_p)
    change = declare(dll.SetConsoleMode, wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD)
    handle, mode = _crt().get_osfhandle(descriptor), wintypes.DWORD()
    if not look(handle, byref(mode)):
        return False
    return bool(mode.value & _ESCAPES or change(handle, mode.value | _ESCAPES))


def _crt() -> Any:  # noqa: ANN401 (other systems know nothing of it)
    import msvcrt  # noqa: PLC0415 - Windows only

    return msvcrt
