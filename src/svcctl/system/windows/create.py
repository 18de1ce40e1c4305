"""Creates processes that inherit exactly the handles they are given."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import wintypes
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from svcctl.system.windows.kernel import kernel32
from svcctl.system.windows.winapi import declare, library

SUSPENDED = 0x0000_0004
DETACHED = 0x0000_0008
NO_WINDOW = 0x0800_0000
"""A console of its own that nobody sees."""

_UNICODE_ENVIRONMENT = 0x0000_0400
_EXTENDED_STARTUPINFO = 0x0008_0000
_USE_STANDARD_HANDLES = 0x0000_0100
_HANDLE_LIST = 0x0002_0002


class _StartupInfo(ctypes.Structure):
    """STARTUPINFOEXW of winbase.h."""

    _fields_ = (
        ("cb", wintypes.DWORD),
        ("lpReserved", wintypes.LPWSTR),
        ("lpDesktop", wintypes.LPWSTR),
        ("lpTitle", wintypes.LPWSTR),
        ("dwX", wintypes.DWORD),
        ("dwY", wintypes.DWORD),
        ("dwXSize", wintypes.DWORD),
        ("dwYSize", wintypes.DWORD),
        ("dwXCountChars", wintypes.DWORD),
        ("dwYCountChars", wintypes.DWORD),
        ("dwFillAttribute", wintypes.DWORD),
        ("dwFlags", wintypes.DWORD),
        ("wShowWindow", wintypes.WORD),
        ("cbReserved2", wintypes.WORD),
        ("lpReserved2", ctypes.c_void_p),
        ("hStdInput", wintypes.HANDLE),
        ("hStdOutput", wintypes.HANDLE),
        ("hStdError", wintypes.HANDLE),
        ("lpAttributeList", ctypes.c_void_p),
    )


class _ProcessInformation(ctypes.Structure):
    """PROCESS_INFORMATION of processthreadsapi.h."""

    _fields_ = (
        ("hProcess", wintypes.HANDLE),
        ("hThread", wintypes.HANDLE),
        ("dwProcessId", wintypes.DWORD),
        ("dwThreadId", wintypes.DWORD),
    )


_SHARED = (
    *(wintypes.LPCWSTR, wintypes.LPWSTR, ctypes.c_void_p, ctypes.c_void_p, wintypes.BOOL),
    *(wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR),
    *(ctypes.POINTER(_StartupInfo), ctypes.POINTER(_ProcessInformation)),
)
"""What CreateProcessW takes, and CreateProcessAsUserW after its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What CreateProcessW is to be told; *handles* are stdin, stdout and stderr, or none at all.

    *program* is a full path, *block* the environment; *flags* as of CreateProcessW.  *token*: whose
    rights it gets, of CreateProcessAsUserW; 0: ours.
    """

    program: str
    line: str
    block: str
    folder: str
    handles: tuple[int, ...] = ()
    flags: int = 0
    token: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A new process, with handles that its creator must close."""

    pid: int
    process: int
    thread: int


def create_process(creation: Creation) -> Created:
    """Create a process, or raise the OSError that Windows gives."""
    block = ctypes.create_unicode_buffer(creation.block)
    line = ctypes.create_unicode_buffer(creation.line)  # CreateProcessW may write into it
    found = _ProcessInformation()
    with _startup(creation.handles) as startup:
        if not _create(creation.token)(
            creation.program,
            line,
            None,
            None,
            bool(creation.handles),
            creation.flags | _UNICODE_ENVIRONMENT | _EXTENDED_STARTUPINFO,
            block,
            creation.folder,
            ctypes.byref(startup),
            ctypes.byref(found),
        ):
            raise ctypes.WinError(ctypes.get_last_error())
    return Created(pid=found.dwProcessId, process=found.hProcess, thread=found.hThread)


@contextmanager
def _startup(handles: tuple[int, ...]) -> Iterator[_StartupInfo]:
    size = ctypes.sizeof(_StartupInfo)
    if not handles:
        yield _StartupInfo(cb=size)
        return
    source, output, errors = handles
    with _handle_list(handles) as attributes:
        yield _StartupInfo(
            cb=size,
            dwFlags=_USE_STANDARD_HANDLES,
            hStdInput=source,
            hStdOutput=output,
            hStdError=errors,
            lpAttributeList=attributes,
        )


@contextmanager
def _handle_list(handles: Sequence[int]) -> Iterator[int]:
    """Give an attribute list that has these inherited and no other, however many spawn at once."""
    calls, size = _calls(), ctypes.c_size_t()
    calls.InitializeProcThreadAttributeList(None, 1, 0, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    address = ctypes.addressof(buffer)
    if not calls.InitializeProcThreadAttributeList(address, 1, 0, ctypes.byref(size)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        listed = (wintypes.HANDLE * len(handles))(*handles)
        if not calls.UpdateProcThreadAttribute(
            address, 0, _HANDLE_LIST, ctypes.byref(listed), ctypes.sizeof(listed), None, None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        yield address
    finally:
        calls.DeleteProcThreadAttributeList(address)


def _create(token: int) -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    if not token:
        return _calls().CreateProcessW
    create = library("advapi32").CreateProcessAsUserW
    return partial(declare(create, wintypes.BOOL, wintypes.HANDLE, *_SHARED), token)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    dll = kernel32()
    pointer, dword, size = ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(ctypes.c_size_t)
    declare(dll.InitializeProcThreadAttributeList, wintypes.BOOL, pointer, dword, dword, size)
    declare(
        dll.UpdateProcThreadAttribute,
        *(wintypes.BOOL, pointer, dword, ctypes.c_size_t, pointer, ctypes.c_size_t, pointer, size),
    )
    declare(dll.DeleteProcThreadAttributeList, None, pointer)
    declare(dll.CreateProcessW, wintypes.BOOL, *_SHARED)
    return dll
