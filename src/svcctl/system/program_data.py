"""Where Windows keeps what belongs to the whole machine, whatever a variable says."""

from __future__ import annotations

import ctypes
from typing import Any

_COMMON_APPDATA = 0x23  # CSIDL_COMMON_APPDATA
_LONGEST = 260  # MAX_PATH


def program_data() -> str:
    """Give the folder for data of programs, for all users: SHGetFolderPathW."""
    windows: Any = ctypes
    call = windows.WinDLL("shell32").SHGetFolderPathW
    call.restype = ctypes.c_long
    call.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p)
    ]
    room = ctypes.create_unicode_buffer(_LONGEST)
    failed = call(None, _COMMON_APPDATA, None, 0, room)
    return r"C:\ProgramData" if failed else room.value
