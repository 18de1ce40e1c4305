"""advapi32 with every change of a service written down, and what Wine lacks made up for.

Wine refuses five levels of ChangeServiceConfig2W, throws failure actions away and gives back
neither dependencies nor DACLs.  Exactly these answers are replaced, by what
was handed over before; on real Windows nothing is.
"""

from __future__ import annotations

import ctypes
import threading
import winreg
from collections.abc import Callable
from typing import Any

from svcctl.system.windows.scm_structures import QueryServiceConfig
from svcctl.system.windows.scm_triggers import multi_string

IS_WINE = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
LACKS = {*((level, 124) for level in (2, 3, 4, 5, 6, 8)), (8, 1733)}
"""Levels that Wine does not know, each with the error it gives: invalid level, invalid tag."""

NO_STRINGS = multi_string(())
SERVICES = r"SYSTEM\CurrentControlSet\Services"


class Around:
    """A function of a DLL that is called through another; it takes its signature."""

    real: Any
    call: Callable[..., Any]

    def __init__(self, real: Any, call: Callable[..., Any]) -> None:
        self.__dict__.update(real=real, call=call)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.real, name, value)

    def __call__(self, *arguments: Any) -> Any:
        return self.call(self.real, *arguments)


_TURN = threading.RLock()
"""Wine mixes up the handles of threads that ask its SCM at the same time."""


def _in_turn(call: Callable[..., Any]) -> Callable[..., Any]:
    def taken(real: Any, *arguments: Any) -> Any:
        with _TURN:
            return call(real, *arguments)

    return taken


def _plainly(real: Any, *arguments: Any) -> Any:
    return real(*arguments)


class WatchedAdvapi32:
    """Functions as advapi32 exports them; *changes* are the calls that changed something.

    *refuses* names a function that fails, with an error of Windows.
    """

    def __init__(self) -> None:
        self._dll = ctypes.WinDLL("advapi32", use_last_error=True)
        self._names: dict[int, str] = {}
        self._levels: dict[tuple[str, int], ctypes.Structure] = {}
        self._dacls: dict[str, bytes] = {}
        self._dependencies: dict[str, bytes] = {}
        self._kept: list[object] = []
        self.changes: list[tuple[Any, ...]] = []
        self.refuses: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._dll, name)
        watched: dict[str, Callable[..., Any]] = {
            "OpenServiceW": self._open,
            "CreateServiceW": self._create,
            "ChangeServiceConfigW": self._change,
            "ChangeServiceConfig2W": self._change_level,
            "QueryServiceConfigW": self._query,
            "QueryServiceConfig2W": self._query_level,
            "SetServiceObjectSecurity": self._set_security,
            "QueryServiceObjectSecurity": self._security,
            "DeleteService": self._delete,
        }
        own = watched.get(name)
        return Around(real, _in_turn(own or _plainly))

    def levels(self, name: str) -> dict[int, Any]:
        """Give the structures last handed over for the service *name*, by their level."""
        return {level: value for (service, level), value in self._levels.items() if service == name}

    def _refused(self, function: str) -> bool:
        ctypes.set_last_error(self.refuses.get(function, 0))
        return function in self.refuses

    def _open(self, real: Any, manager: int, name: str, access: int) -> Any:
        handle = real(manager, name, access)
        if handle:
            self._names[handle] = name
        return handle

    def _create(self, real: Any, manager: int, name: str, *arguments: Any) -> Any:
        self.changes.append(("CreateServiceW", name, *arguments))
        if self._refused("CreateServiceW"):
            return None
        handle = real(manager, name, *arguments)
        if handle:
            self._names[handle] = name
            self._dependencies[name] = arguments[8]
        return handle

    def _change(self, real: Any, service: int, *arguments: Any) -> Any:
        name = self._names[service]
        self.changes.append(("ChangeServiceConfigW", name, *arguments))
        if self._refused("ChangeServiceConfigW"):
            return 0
        if arguments[6] is not None:
            self._dependencies[name] = arguments[6]
        return real(service, *arguments)

    def _change_level(self, real: Any, service: int, level: int, value: Any) -> Any:
        name = self._names[service]
        self.changes.append(("ChangeServiceConfig2W", name, level))
        if self._refused("ChangeServiceConfig2W"):
            return 0
        self._levels[name, level] = value._obj
        return real(service, level, value) or self._is_lack_of_wine(level)

    def _query_level(self, real: Any, service: int, level: int, *room: Any) -> Any:
        done = real(service, level, *room)
        if not done and self._is_lack_of_wine(level):
            known = self._levels.get((self._names[service], level))
            if known is not None:
                ctypes.memmove(room[0], ctypes.addressof(known), ctypes.sizeof(known))
            return 1
        return done

    def _is_lack_of_wine(self, level: int) -> bool:
        return IS_WINE and (level, ctypes.get_last_error()) in LACKS

    def _query(self, real: Any, service: int, buffer: Any, size: int, needed: Any) -> Any:
        done = real(service, buffer, size, needed)
        if done and IS_WINE:
            known = self._dependencies.get(self._names[service], NO_STRINGS)
            strings = ctypes.create_string_buffer(known)
            self._kept.append(strings)
            QueryServiceConfig.from_buffer(buffer).lpDependencies = ctypes.addressof(strings)
        return done

    def _set_security(self, real: Any, service: int, parts: int, descriptor: int) -> Any:
        name = self._names[service]
        self.changes.append(("SetServiceObjectSecurity", name, parts))
        if self._refused("SetServiceObjectSecurity"):
            return 0
        length = self._dll.GetSecurityDescriptorLength(ctypes.c_void_p(descriptor))
        self._dacls[name] = ctypes.string_at(descriptor, length)
        return real(service, parts, descriptor)

    def _security(self, real: Any, service: int, parts: int, *room: Any) -> Any:
        done = real(service, parts, *room)
        known = self._dacls.get(self._names[service])
        if done and IS_WINE and known:
            ctypes.memmove(room[0], known, len(known))
        return done

    def _delete(self, real: Any, service: int) -> Any:
        name = self._names[service]
        self.changes.append(("DeleteService", name))
        return 0 if self._refused("DeleteService") else real(service)


def registry(name: str) -> dict[str, object]:
    """Give the values of the service *name* in the registry; empty where it has no key."""
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{SERVICES}\{name}") as key:
            count = winreg.QueryInfoKey(key)[1]
            values = [winreg.EnumValue(key, at) for at in range(count)]
    except FileNotFoundError:
        return {}
    return {name: value for name, value, _ in values}
