"""Where Windows keeps what belongs to the whole machine, whatever a variable says."""

from __future__ import annotations

import ctypes
from ctypes import wintypes

from svcctl.system.windows.winapi import declare, library

_COMMON_APPDATA = 0x23  # CSIDL_COMMON_APPDATA
_LONGEST = 260  # MAX_PATH


def program_data() -> str:
    """Give the folder for data of programs, for all users: SHGetFolderPathW."""
    call = declare(
        library("shell32").SHGetFolderPathW,
        ctypes.c_long,
        *(wintypes.HWND, ctypes.c_int, wintypes.HANDLE, wintypes.DWORD, ctypes.c_wchar_p),
    )
    room = ctypes.create_unicode_buffer(_LONGEST)
    failed = call(None, _COMMON_APPDATA, None, 0, room)
    return r"C:\ProgramData" if failed else room.value
