"""Accounts services run as: how they are called, and the right to log on as a service."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.errors import SystemFault, UsageError, quoted
from svcctl.system.windows.winapi import declare, fault, library

LOGON_RIGHT = "SeServiceLogonRight"

_OF_THE_SYSTEM = {
    "localsystem": "LocalSystem",
    "system": "LocalSystem",
    "nt authority\\system": "LocalSystem",
    "localservice": "NT AUTHORITY\\LocalService",
    "nt authority\\localservice": "NT AUTHORITY\\LocalService",
    "networkservice": "NT AUTHORITY\\NetworkService",
    "nt authority\\networkservice": "NT AUTHORITY\\NetworkService",
}
_VIRTUAL = "nt service\\"

_POLICY_CREATE_ACCOUNT, _POLICY_LOOKUP_NAMES = 0x10, 0x800
_NO_SUCH_NAME = 0xC000_0034  # STATUS_OBJECT_NAME_NOT_FOUND: the account has no rights at all
_ERROR_NONE_MAPPED = 1332


def account_name(user: str | None, service: str) -> str:
    """Give *user* of a definition as CreateServiceW takes it; None: the service's own account.

    That is the virtual account ``NT SERVICE\\service``: no password, no rights but its own.
    """
    if not user:
        return f"NT SERVICE\\{service}"
    known = _OF_THE_SYSTEM.get(user.casefold())
    if known:
        return known
    return user if "\\" in user or "@" in user else f".\\{user}"


def is_managed(account: str) -> bool:
    """Say whether Windows looks after the account itself: no password, no right to be granted.

    Those of the system, virtual ones, and group managed service accounts (``DOMAIN\\name$``).
    """
    low = account.casefold()
    return low in _OF_THE_SYSTEM or low.startswith(_VIRTUAL) or low.endswith("$")


def has_logon_right(account: str) -> bool:
    """Say whether *account* may log on as a service; UsageError where there is no such account."""
    with _policy() as policy, _sid(account) as sid:
        rights, count = ctypes.c_void_p(), wintypes.ULONG()
        status = _calls().LsaEnumerateAccountRights(
            policy, sid, ctypes.byref(rights), ctypes.byref(count)
        )
        if status & 0xFFFF_FFFF == _NO_SUCH_NAME:
            return False
        _succeed(status, f"reading the rights of {quoted(account)}")
        try:
            found = (_Text * count.value).from_address(rights.value or 0) if count.value else ()
            return LOGON_RIGHT in {each.text() for each in found}
        finally:
            _calls().LsaFreeMemory(rights)


def grant_logon_right(account: str) -> None:
    """Let *account* log on as a service; raises Denied or SystemFault."""
    with _policy() as policy, _sid(account) as sid:
        right = _Text.of(LOGON_RIGHT)
        status = _calls().LsaAddAccountRights(policy, sid, ctypes.byref(right), 1)
        _succeed(status, f"letting {quoted(account)} log on as a service")


def revoke_logon_right(account: str) -> None:
    """Take that right away again; whoever has it no more, or is no more, is no error."""
    try:
        with _policy() as policy, _sid(account) as sid:
            right = _Text.of(LOGON_RIGHT)
            status = _calls().LsaRemoveAccountRights(policy, sid, False, ctypes.byref(right), 1)
    except UsageError:
        return
    if status & 0xFFFF_FFFF != _NO_SUCH_NAME:
        _succeed(status, f"no longer letting {quoted(account)} log on as a service")


class _Text(ctypes.Structure):
    """LSA_UNICODE_STRING; lengths in bytes, and there need be no NUL behind the text."""

    _fields_ = (
        ("length", wintypes.USHORT),
        ("room", wintypes.USHORT),
        ("buffer", ctypes.POINTER(ctypes.c_char)),
    )

    @classmethod
    def of(cls, text: str) -> _Text:
        content = text.encode("utf-16-le")
        room = ctypes.create_string_buffer(content, len(content) + 2)
        buffer = ctypes.cast(room, ctypes.POINTER(ctypes.c_char))
        return cls(length=len(content), room=len(room), buffer=buffer)

    def text(self) -> str:
        return ctypes.string_at(self.buffer, self.length).decode("utf-16-le")


class _Attributes(ctypes.Structure):
    """LSA_OBJECT_ATTRIBUTES: all of it must be zero."""

    _fields_ = (
        ("length", wintypes.ULONG),
        ("root", wintypes.HANDLE),
        ("name", ctypes.c_void_p),
        ("attributes", wintypes.ULONG),
        ("descriptor", ctypes.c_void_p),
        ("quality", ctypes.c_void_p),
    )


@contextmanager
def _policy() -> Iterator[wintypes.HANDLE]:
    policy, attributes = wintypes.HANDLE(), _Attributes()
    access = _POLICY_CREATE_ACCOUNT | _POLICY_LOOKUP_NAMES
    status = _calls().LsaOpenPolicy(None, ctypes.byref(attributes), access, ctypes.byref(policy))
    _succeed(status, "opening the security policy of this machine")
    try:
        yield policy
    finally:
        _calls().LsaClose(policy)


@contextmanager
def _sid(account: str) -> Iterator[ctypes.Array[ctypes.c_char]]:
    """Give the SID of *account*, as bytes."""
    name = account.removeprefix(".\\")
    size, room, kind = wintypes.DWORD(), wintypes.DWORD(), ctypes.c_int()
    look_up = _calls().LookupAccountNameW
    look_up(None, name, None, ctypes.byref(size), None, ctypes.byref(room), ctypes.byref(kind))
    sid = ctypes.create_string_buffer(max(1, size.value))
    domain = ctypes.create_unicode_buffer(max(1, room.value))
    found = look_up(
        None, name, sid, ctypes.byref(size), domain, ctypes.byref(room), ctypes.byref(kind)
    )
    if not found:
        code = ctypes.get_last_error()
        if code == _ERROR_NONE_MAPPED:
            raise UsageError(
                f"there is no account {quoted(account)}",
                hint="write DOMAIN\\user, .\\user, LocalService, NetworkService or LocalSystem",
            )
        raise fault(f"looking up account {quoted(account)}", code)
    yield sid


def _succeed(status: int, what: str) -> None:
    if status:
        code = int(_calls().LsaNtStatusToWinError(status))
        if not code:
            raise SystemFault(f"{what}: status {status & 0xFFFF_FFFF:#x}")
        raise fault(what, code)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = library("advapi32")
    pointer, handle, flag, text = ctypes.c_void_p, wintypes.HANDLE, wintypes.BOOL, ctypes.c_wchar_p
    status, count = ctypes.c_long, wintypes.ULONG
    declare(dll.LsaOpenPolicy, status, pointer, pointer, wintypes.DWORD, pointer)
    declare(dll.LsaClose, status, handle)
    declare(dll.LsaEnumerateAccountRights, status, handle, pointer, pointer, pointer)
    declare(dll.LsaAddAccountRights, status, handle, pointer, pointer, count)
    declare(dll.LsaRemoveAccountRights, status, handle, pointer, flag, pointer, count)
    declare(dll.LsaFreeMemory, status, pointer)
    declare(dll.LsaNtStatusToWinError, count, status)
    declare(
        dll.LookupAccountNameW,
        flag,
        *(text, text, pointer, pointer, pointer, pointer, pointer),
    )
    return dll
