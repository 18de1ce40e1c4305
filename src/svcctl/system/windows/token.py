"""What an access token says: whom it is of, and with which groups, privileges and integrity."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows.restriction import Group, Privilege, Standing
from svcctl.system.windows.winapi import check, declare, library

OWN = -4
"""The token of this process, to be looked at whoever may open it: GetCurrentProcessToken."""

USER, OWNER = 1, 4  # TOKEN_INFORMATION_CLASS
_GROUPS, _PRIVILEGES, _INTEGRITY = 2, 3, 25
_LONGEST_NAME = 256
_COUNT = struct.Struct("I")
_SID_AND_ATTRIBUTES = struct.Struct("PI0P")
_LUID_AND_ATTRIBUTES = struct.Struct("IiI")


def standing(token: int) -> Standing:
    """Give what *token* says; raises Denied or SystemFault where it cannot be looked at."""
    return Standing(
        user=sid(token, USER),
        groups=tuple(_groups(_look(token, _GROUPS))),
        privileges=tuple(_privileges(_look(token, _PRIVILEGES))),
        integrity=int(sid(token, _INTEGRITY).rpartition("-")[2]),
    )


def sid(token: int, kind: int) -> str:
    """Give the one SID that GetTokenInformation tells of a *kind*: USER, or OWNER of new things."""
    room = _look(token, kind)  # the SID is in it
    (address,) = struct.unpack_from("P", room)
    return text_of_sid(address)


def _look(token: int, kind: int) -> ctypes.Array[ctypes.c_char]:
    """Give what GetTokenInformation tells of a *kind*; addresses in it hold as long as it does."""
    size = wintypes.DWORD()
    _calls().GetTokenInformation(token, kind, None, 0, ctypes.byref(size))
    room = ctypes.create_string_buffer(max(size.value, _COUNT.size))
    done = _calls().GetTokenInformation(token, kind, room, len(room), ctypes.byref(size))
    check(done, "the rights of a process cannot be read")
    return room


def _groups(room: ctypes.Array[ctypes.c_char]) -> Iterator[Group]:
    (count,) = _COUNT.unpack_from(room)
    for number in range(count):
        at = struct.calcsize("P") + number * _SID_AND_ATTRIBUTES.size
        address, attributes = _SID_AND_ATTRIBUTES.unpack_from(room, at)
        yield Group(sid=text_of_sid(address), attributes=attributes)


def _privileges(room: ctypes.Array[ctypes.c_char]) -> Iterator[Privilege]:
    (count,) = _COUNT.unpack_from(room)
    for number in range(count):
        at = _COUNT.size + number * _LUID_AND_ATTRIBUTES.size
        low, high, _ = _LUID_AND_ATTRIBUTES.unpack_from(room, at)
        yield Privilege(name=_name_of(low, high), low=low, high=high)


def _name_of(low: int, high: int) -> str:
    """Give the name of a privilege, its number where this Windows has no name for it."""
    text, size = ctypes.create_unicode_buffer(_LONGEST_NAME), wintypes.DWORD(_LONGEST_NAME)
    luid = struct.pack("Ii", low, high)
    named = _calls().LookupPrivilegeNameW(None, luid, text, ctypes.byref(size))
    return text.value if named else f"privilege {low}"


def text_of_sid(sid: int) -> str:
    """Give the SID at an address as text."""
    text = ctypes.c_void_p()
    check(_calls().ConvertSidToStringSidW(sid, ctypes.byref(text)), "writing a SID")
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        _calls().LocalFree(text)


class _Calls:
    """The calls made here, of the DLLs they are in."""

    def __init__(self) -> None:
        advapi, kernel = library("advapi32"), library("kernel32")
        pointer, dword, flag = ctypes.c_void_p, wintypes.DWORD, wintypes.BOOL
        self.GetTokenInformation = declare(
            advapi.GetTokenInformation, flag, wintypes.HANDLE, dword, pointer, dword, pointer
        )
        self.LookupPrivilegeNameW = declare(
            advapi.LookupPrivilegeNameW, flag, ctypes.c_wchar_p, pointer, pointer, pointer
        )
        self.ConvertSidToStringSidW = declare(advapi.ConvertSidToStringSidW, flag, pointer, pointer)
        self.LocalFree = declare(kernel.LocalFree, pointer, pointer)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    return _Calls()
