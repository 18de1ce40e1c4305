"""Who may do what with files and pipes: security descriptors, written in SDDL."""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.errors import Denied, SystemFault
from svcctl.system.windows import token
from svcctl.system.windows.winapi import check, declare, fault, library

_REVISION = 1
_FILE_OBJECT = 1  # SE_FILE_OBJECT
_KERNEL_OBJECT = 6  # SE_KERNEL_OBJECT
_OWNER = 0x1
_DACL = 0x4
_TOKEN_QUERY = 0x8
_PROTECTED_DACL = 0x8000_0000
_READ_AND_RUN = "0x1200a9"  # FILE_GENERIC_READ | FILE_GENERIC_EXECUTE
_MODIFY = "0x1301bf"  # the same, and write and delete
_CONVERSE = "0x12018b"  # FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES

SYSTEM, ADMINISTRATORS = "SY", "BA"

_SYSTEM_SID, _ADMINISTRATORS_SID = "S-1-5-18", "S-1-5-32-544"


def service_sid(name: str) -> str:
    """Give the SID of the virtual account ``NT SERVICE\\name``.

    It is made of the SHA-1 of the name in capitals: [MS-DTYP] 2.4.2.4, ``sc.exe showsid``.
    """
    digest = hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join(["S-1-5-80", *map(str, struct.unpack("<5I", digest))])


def folder_sddl(*, readers: tuple[str, ...] = (), writers: tuple[str, ...] = ()) -> str:
    """Give who may use a folder and what is below: SYSTEM and Administrators, and those named.

    *readers* may read and run, *writers* change as well; nothing is inherited from above.
    """
    full = "".join(f"(A;OICI;FA;;;{each})" for each in (SYSTEM, ADMINISTRATORS))
    more = "".join(f"(A;OICI;{_MODIFY};;;{each})" for each in writers)
    less = "".join(f"(A;OICI;{_READ_AND_RUN};;;{each})" for each in readers)
    return f"D:PAI{full}{more}{less}"


def pipe_sddl(*others: str, callers: Collection[str] = ()) -> str:
    """Give who may open a pipe: SYSTEM, Administrators and *others* (SIDs), nobody else.

    *callers* may converse over it, and not serve it in our stead.
    """
    owners = "".join(f"(A;;GA;;;{each})" for each in (SYSTEM, ADMINISTRATORS, *others))
    return f"D:P{owners}" + "".join(f"(A;;{_CONVERSE};;;{each})" for each in callers)


@contextmanager
def descriptor_of(sddl: str) -> Iterator[ctypes.Structure]:
    """Give SECURITY_ATTRIBUTES for *sddl*, good as long as the block lasts."""
    descriptor = _convert(sddl)
    try:
        yield _Attributes(length=ctypes.sizeof(_Attributes), descriptor=descriptor, inherit=False)
    finally:
        _calls().LocalFree(descriptor)


def may_own(owner: str, own: str, *, above: bool) -> bool:
    """Say whether what *owner* made is safe to put services in; both are SIDs, *own* is ours.

    Who owns a folder can always change who else may use it, and any user may make folders below
    ProgramData.  *above*: it is a folder that ours lie in, and Windows may have made it.
    """
    trusted = {_SYSTEM_SID, _ADMINISTRATORS_SID, own}
    return owner in trusted or (above and owner == service_sid("TrustedInstaller"))


def protect(path: str, sddl: str) -> None:
    """Let *sddl* alone say who may use *path*; raises Denied or SystemFault.

    Denied too where *path*, or the folder it lies in, is a link or belongs to somebody else.
    """
    insist_it_is_ours(path, above=False)
    insist_it_is_ours(os.path.dirname(path), above=True)
    with access_list(sddl) as acl:
        code = _calls().SetNamedSecurityInfoW(
            path, _FILE_OBJECT, _DACL | _PROTECTED_DACL, None, None, acl, None
        )
    if code:
        raise fault(f"setting who may use '{path}'", code)


def protect_pipe(handle: int, sddl: str) -> None:
    """Let *sddl* alone say from now on who may open the pipe of *handle*; raises SystemFault."""
    with access_list(sddl) as acl:
        code = _calls().SetSecurityInfo(
            handle, _KERNEL_OBJECT, _DACL | _PROTECTED_DACL, None, None, acl, None
        )
    if code:
        raise fault("setting who may open a pipe", code)


@contextmanager
def access_list(sddl: str) -> Iterator[ctypes.c_void_p]:
    """Give where the access list is that *sddl* holds, good as long as the block lasts."""
    descriptor = _convert(sddl)
    try:
        present, acl, defaulted = wintypes.BOOL(), ctypes.c_void_p(), wintypes.BOOL()
        check(
            _calls().GetSecurityDescriptorDacl(
                descriptor, ctypes.byref(present), ctypes.byref(acl), ctypes.byref(defaulted)
            ),
            f"reading the access list {sddl!r}",
        )
        yield acl
    finally:
        _calls().LocalFree(descriptor)


def owner_of(path: str) -> str:
    """Give the SID of the owner of a file or folder."""
    owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    code = _calls().GetNamedSecurityInfoW(
        *(path, _FILE_OBJECT, _OWNER, ctypes.byref(owner), None, None, None),
        ctypes.byref(descriptor),
    )
    if code:
        raise fault(f"asking who owns '{path}'", code)
    try:
        return token.text_of_sid(owner.value or 0)
    finally:
        _calls().LocalFree(descriptor)


def owner_of_pipe(handle: int) -> str | None:
    """Give the SID of the owner of the pipe open as *handle*; None where the system knows none."""
    owner, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    code = _calls().GetSecurityInfo(
        *(handle, _KERNEL_OBJECT, _OWNER, ctypes.byref(owner), None, None, None),
        ctypes.byref(descriptor),
    )
    if code:
        raise fault("asking who serves a pipe", code)
    try:
        return token.text_of_sid(owner.value) if owner.value else None
    finally:
        _calls().LocalFree(descriptor)


def own_sid() -> str:
    """Give the SID of the account this process runs as."""
    return token.sid(token.OWN, token.USER)


def sid_of_new_things() -> str:
    """Give the SID that owns what this process makes: of an administrator, often the group's."""
    return token.sid(token.OWN, token.OWNER)


def sid_of_process(process: int) -> str:
    """Give the SID of the account that the process of a handle runs as."""
    opened = wintypes.HANDLE()
    check(
        _calls().OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(opened)),
        "asking who runs a process",
    )
    try:
        return token.sid(opened.value or 0, token.USER)
    finally:
        _calls().CloseHandle(opened)


class _Attributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherit", wintypes.BOOL),
    )


def insist_it_is_ours(path: str, *, above: bool = False) -> None:
    """Raise Denied where *path* is a link or belongs to somebody else; *above*: see may_own."""
    try:
        attributes = getattr(os.lstat(path), "st_file_attributes", 0)
    except OSError as error:
        raise SystemFault(f"'{path}' cannot be looked at: {error.strerror}") from error
    if attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
        raise Denied(
            f"'{path}' is a link, and whoever made it decides where it leads",
            hint="remove it, or set SVCCTL_HOME to the folder it leads to",
        )
    owner = owner_of(path)
    if not may_own(owner, own_sid(), above=above):
        raise Denied(
            f"'{path}' belongs to {owner}, who could change what services run",
            hint="see what is in it, then remove it and try again",
        )


def _convert(sddl: str) -> ctypes.c_void_p:
    descriptor = ctypes.c_void_p()
    check(
        _calls().ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, _REVISION, ctypes.byref(descriptor), None
        ),
        f"reading the access list {sddl!r}",
    )
    return descriptor


class _Calls:
    """The calls made here, of the DLLs they are in."""

    def __init__(self) -> None:
        advapi, kernel = library("advapi32"), library("kernel32")
        pointer, dword, handle = ctypes.c_void_p, wintypes.DWORD, wintypes.HANDLE
        text, flag = ctypes.c_wchar_p, wintypes.BOOL
        self.ConvertStringSecurityDescriptorToSecurityDescriptorW = declare(
            advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW,
            *(flag, text, dword, pointer, pointer),
        )
        self.GetSecurityDescriptorDacl = declare(
            advapi.GetSecurityDescriptorDacl, flag, pointer, pointer, pointer, pointer
        )
        self.SetNamedSecurityInfoW = declare(
            advapi.SetNamedSecurityInfoW,
            *(dword, text, dword, dword, pointer, pointer, pointer, pointer),
        )
        self.GetNamedSecurityInfoW = declare(
            advapi.GetNamedSecurityInfoW,
            *(dword, text, dword, dword, pointer, pointer, pointer, pointer, pointer),
        )
        self.GetSecurityInfo = declare(
            advapi.GetSecurityInfo,
            *(dword, handle, dword, dword, pointer, pointer, pointer, pointer, pointer),
        )
        self.SetSecurityInfo = declare(
            advapi.SetSecurityInfo,
            *(dword, handle, dword, dword, pointer, pointer, pointer, pointer),
        )
        self.OpenProcessToken = declare(advapi.OpenProcessToken, flag, handle, dword, pointer)
        self.CloseHandle = declare(kernel.CloseHandle, flag, handle)
        self.LocalFree = declare(kernel.LocalFree, pointer, pointer)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    return _Calls()
