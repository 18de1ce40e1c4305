"""What a person's console does only when asked: escape sequences, and keys without Enter."""

from __future__ import annotations

import time
from ctypes import byref, c_void_p, wintypes
from typing import Any

from svcctl.system.windows.winapi import declare, library

_ESCAPES = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
_LOOK_AGAIN = 0.05  # seconds; a console's handle is signalled by much that is no key


def show_escapes(descriptor: int) -> bool:
    """Have the console behind *descriptor* obey ECMA-48 sequences; say whether it does now."""
    dll = library("kernel32")
    look = declare(dll.GetConsoleMode, wintypes.BOOL, wintypes.HANDLE, c_void_p)
    change = declare(dll.SetConsoleMode, wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD)
    handle, mode = _crt().get_osfhandle(descriptor), wintypes.DWORD()
    if not look(handle, byref(mode)):
        return False
    return bool(mode.value & _ESCAPES or change(handle, mode.value | _ESCAPES))


def next_key(seconds: float) -> str:
    """Give the key that is pressed within *seconds*, without echo; an empty text if none is."""
    deadline = time.monotonic() + seconds
    while not _crt().kbhit():
        left = deadline - time.monotonic()
        if left <= 0:
            return ""
        time.sleep(min(_LOOK_AGAIN, left))
    key: str = _crt().getwch()
    return key


def _crt() -> Any:  # noqa: ANN401 (other systems know nothing of it)
    import msvcrt  # noqa: PLC0415 - Windows only

    return msvcrt
