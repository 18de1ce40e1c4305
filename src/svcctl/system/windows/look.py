"""Looks at this Windows machine for what decides whether its services are safe and can start."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.system.windows import service_registry
from svcctl.system.windows.command_line import look_up
from svcctl.system.windows.missing_dlls import Places
from svcctl.system.windows.pe_imports import Imports, read_imports
from svcctl.system.windows.silent_start import USUAL_PATIENCE
from svcctl.system.windows.winapi import declare, library

_CONTROL = r"SYSTEM\CurrentControlSet\Control"
_SESSION = rf"{_CONTROL}\Session Manager"
_SERVICES = r"SYSTEM\CurrentControlSet\Services"
_PROFILES = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"

_FILE_OBJECT = 1  # SE_FILE_OBJECT
_DACL = 0x4
_REVISION = 1
_TAIL = 8192  # bytes of a log, more than its last lines have


class WindowsLook:
    """See :class:`svcctl.system.windows.findings.Look`; what may not be looked at is not there."""

    def is_file(self, path: str) -> bool:
        """Say whether there is a file of that path."""
        return os.path.isfile(path)

    def expanded(self, command: str) -> str:
        """Give *command* with its variables replaced, as the SCM does it."""
        return os.path.expandvars(command)

    def access_list(self, path: str) -> str:
        """Give who may use *path*, in SDDL; empty where that cannot be read."""
        return access_list(path)

    def imports(self, program: str) -> Imports | None:
        """Give what *program* is linked to; None where it cannot be read, or is no program."""
        try:
            with (
                open(program, "rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image,
            ):
                return read_imports(image)
        except (OSError, ValueError):  # ValueError: it is empty
            return None

    def places(self, service: str, *, x86: bool) -> Places:
        """Give where Windows looks for the DLLs of a program that *service* starts."""
        windows = os.environ.get("SystemRoot", r"C:\Windows")  # noqa: SIM112 - as Windows spells it
        system = "System32"
        if x86 and os.path.isdir(os.path.join(windows, "SysWOW64")):
            system = "SysWOW64"
        own = [each.partition("=") for each in service_registry.environment(service)]
        path = look_up({name: value for name, _, value in own}, "PATH") or str(
            _values(rf"{_SESSION}\Environment").get("Path", "")
        )
        known = map(str, _values(rf"{_SESSION}\KnownDLLs").values())
        searched = [os.path.expandvars(each) for each in path.split(";") if each]
        return Places(
            known=tuple(known), folders=(os.path.join(windows, system), windows, *searched)
        )

    def is_assembly(self, dll: str) -> bool:
        """Say whether *dll* is part of an assembly, which manifests of programs refer to."""
        windows = os.environ.get("SystemRoot", r"C:\Windows")  # noqa: SIM112 - as Windows spells it
        folder = os.path.join(windows, "WinSxS")
        try:
            return any(
                os.path.isfile(os.path.join(folder, each, dll)) for each in os.listdir(folder)
            )
        except OSError:
            return False

    def account(self, service: str) -> str:
        """Give the account *service* runs as; empty where that cannot be read."""
        return str(_values(rf"{_SERVICES}\{service}").get("ObjectName", ""))

    def patience(self) -> int:
        """Give how long the SCM waits for a service to speak, in milliseconds."""
        found = _values(_CONTROL).get("ServicesPipeTimeout")
        return found if isinstance(found, int) and found > 0 else USUAL_PATIENCE

    def profiles(self) -> str:
        """Give the folder in which users have theirs."""
        found = str(_values(_PROFILES).get("ProfilesDirectory", ""))
        return os.path.expandvars(found) or r"C:\Users"

    def is_redirector(self, program: str) -> bool:
        """Say whether *program* is the Python of a virtual environment."""
        folder = os.path.dirname(program)
        named = os.path.basename(program).casefold().startswith("python")
        places = (folder, os.path.dirname(folder))
        return named and any(os.path.isfile(os.path.join(each, "pyvenv.cfg")) for each in places)

    def last_lines(self, log: str) -> Sequence[str]:
        """Give the end of *log*, line by line; nothing where it cannot be read."""
        try:
            with open(log, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                return file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ()


def access_list(path: str) -> str:
    """Give the DACL of a file or folder in SDDL; empty where it cannot be read."""
    descriptor, text = ctypes.c_void_p(), ctypes.c_void_p()
    code = _calls().GetNamedSecurityInfoW(
        *(path, _FILE_OBJECT, _DACL, None, None, None, None),
        ctypes.byref(descriptor),
    )
    if code:
        return ""
    try:
        written = _calls().ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor, _REVISION, _DACL, ctypes.byref(text), None
        )
        return ctypes.wstring_at(text.value or 0) if written else ""
    finally:
        _calls().LocalFree(text)
        _calls().LocalFree(descriptor)


def _values(path: str) -> dict[str, object]:
    """Give the values of a key of the machine; nothing where it cannot be read."""
    import winreg  # noqa: PLC0415 - Windows only

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            found = [winreg.EnumValue(key, at) for at in range(winreg.QueryInfoKey(key)[1])]
    except OSError:
        return {}
    return {name: value for name, value, _ in found}


class _Calls:
    """The calls made here, with signatures of their own."""

    def __init__(self) -> None:
        advapi, kernel = library("advapi32"), library("kernel32")
        pointer, dword, text = ctypes.c_void_p, wintypes.DWORD, ctypes.c_wchar_p
        self.GetNamedSecurityInfoW = declare(
            advapi.GetNamedSecurityInfoW,
            *(dword, text, dword, dword, pointer, pointer, pointer, pointer, pointer),
        )
        self.ConvertSecurityDescriptorToStringSecurityDescriptorW = declare(
            advapi.ConvertSecurityDescriptorToStringSecurityDescriptorW,
            *(wintypes.BOOL, pointer, dword, dword, pointer, pointer),
        )
        self.LocalFree = declare(kernel.LocalFree, pointer, pointer)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    return _Calls()
