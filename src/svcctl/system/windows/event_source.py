"""Registers svcctl with the Event Log, so that Event Viewer can show what svcctl writes there."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from ctypes import wintypes
from functools import cache

from svcctl.errors import StateFault
from svcctl.ports import Act
from svcctl.system.windows.event_messages import texts
from svcctl.system.windows.message_table import message_dll
from svcctl.system.windows.security import protect
from svcctl.system.windows.winapi import declare, fault, library

SOURCE = "svcctl"
KEY = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{SOURCE}"

ACCESS = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"
"""Everyone may read the messages: Event Viewer loads them as whoever looks."""

_PREFIX = "event-messages-"
_TYPES = 7  # EVENTLOG_ERROR_TYPE, EVENTLOG_WARNING_TYPE, EVENTLOG_INFORMATION_TYPE
_MOVEFILE_DELAY_UNTIL_REBOOT = 4
_FILE_NOT_FOUND = 2


def acts(folder: str) -> tuple[Act, ...]:
    """Give what :func:`register` would do; nothing where all is as it should be."""
    path = message_file(folder)
    found: list[Act] = []
    if not _is_there(path):
        size = len(_content())
        about = f"<a DLL of {size} bytes that holds the messages for the Event Log>"
        found.append(Act(kind="write", target=path, text=about))
        found.append(Act(kind="set", target=f"access to {path}", text=ACCESS))
    before = _values()
    for name, value in _wanted(path).items():
        if before.get(name) != value:
            old = None if name not in before else str(before[name])
            where = rf"HKLM\{KEY}\{name}"
            found.append(Act(kind="set", target=where, text=str(value), before=old))
    found += [Act(kind="delete", target=each) for each in _others(folder, path)]
    return tuple(found)


def register(folder: str) -> None:
    """Put the messages into *folder* and tell the Event Log where they are.

    *folder* is there already, and only administrators may write to it.  Raises Denied or
    StateFault; doing it again changes nothing.
    """
    import winreg  # noqa: PLC0415 - not there on other systems

    path = message_file(folder)
    if not _is_there(path):
        _put_there(path)
    before, wanted = _values(), _wanted(path)
    if any(before.get(name) != value for name, value in wanted.items()):
        kinds = {str: winreg.REG_SZ, int: winreg.REG_DWORD}
        try:
            with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, KEY) as key:
                for name, value in wanted.items():
                    winreg.SetValueEx(key, name, 0, kinds[type(value)], value)
        except OSError as error:
            raise fault(rf"writing HKLM\{KEY}", error.winerror or 0) from error
    for each in _others(folder, path):
        _delete(each)


def is_registered() -> bool:
    """Say whether the Event Log knows our messages."""
    return "EventMessageFile" in _values()


def removal_acts(folder: str) -> tuple[Act, ...]:
    """Give what :func:`unregister` would do."""
    keys = [Act(kind="delete", target=rf"HKLM\{KEY}")] if _values() else []
    files = [Act(kind="delete", target=each) for each in _others(folder, "")]
    return (*keys, *files)


def unregister(folder: str) -> None:
    """Take that back; entries in the Event Log stay, though without their texts."""
    import winreg  # noqa: PLC0415

    try:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, KEY)
    except OSError as error:
        if error.winerror != _FILE_NOT_FOUND:
            raise fault(rf"deleting HKLM\{KEY}", error.winerror or 0) from error
    for each in _others(folder, ""):
        _delete(each)


def message_file(folder: str) -> str:
    """Give the path of the DLL; other messages have another name, for one in use stays as it is."""
    digest = hashlib.sha256(_content()).hexdigest()
    return os.path.join(folder, f"{_PREFIX}{digest[:12]}.dll")


@cache
def _content() -> bytes:
    return message_dll(texts())


def _wanted(path: str) -> dict[str, str | int]:
    return {"EventMessageFile": path, "TypesSupported": _TYPES}


def _values() -> dict[str, object]:
    """Give what stands in the registry; nothing where there is no such source."""
    import winreg  # noqa: PLC0415

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, KEY) as key:
            count = winreg.QueryInfoKey(key)[1]
            return {
                name: value for name, value, _ in (winreg.EnumValue(key, at) for at in range(count))
            }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise fault(rf"reading HKLM\{KEY}", error.winerror or 0) from error


def _is_there(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == _content()
    except OSError:
        return False


def _others(folder: str, path: str) -> Iterator[str]:
    """Give the files of messages in *folder*, but for *path*: those of other versions."""
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            each = os.path.join(folder, name)
            if name.startswith(_PREFIX) and each != path:
                yield each


def _put_there(path: str) -> None:
    draft = f"{path}.new"
    try:
        with open(draft, "wb") as file:
            file.write(_content())
            file.flush()
            os.fsync(file.fileno())
        protect(draft, ACCESS)
        os.replace(draft, path)
    except OSError as error:
        raise StateFault(f"'{path}' cannot be written: {error.strerror}") from error


def _delete(path: str) -> None:
    """Delete a file, or have Windows delete it at the next boot: Event Viewer may show it now."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except PermissionError:
        call = declare(
            library("kernel32").MoveFileExW,
            *(wintypes.BOOL, ctypes.c_wchar_p, ctypes.c_wchar_p, wintypes.DWORD),
        )
        call(path, None, _MOVEFILE_DELAY_UNTIL_REBOOT)
