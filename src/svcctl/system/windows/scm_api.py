"""The calls of advapi32 on the SCM and its services, by ctypes: handles close, errors are raised.

https://learn.microsoft.com/windows/win32/services/service-functions
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ctypes import wintypes
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from svcctl.system.windows import winapi
from svcctl.system.windows.scm_structures import (
    EnumServiceStatus,
    EnumServiceStatusProcess,
    QueryServiceConfig,
    ServiceStatus,
    ServiceStatusProcess,
)
from svcctl.system.windows.scm_words import hint

NO_CHANGE = 0xFFFFFFFF
OWN_PROCESS = 0x10
WIN32_SERVICES = 0x30
SERVICE_DACL = 4  # DACL_SECURITY_INFORMATION

CONNECT, CREATE, ENUMERATE = 0x1, 0x2, 0x4
"""What a handle to the SCM may do: SC_MANAGER_*."""

QUERY_CONFIG, CHANGE_CONFIG, QUERY_STATUS, LIST_DEPENDENTS = 0x1, 0x2, 0x4, 0x8
START, STOP, PAUSE, USER_CONTROL = 0x10, 0x20, 0x40, 0x100
DELETE, READ_DACL, WRITE_DACL = 0x10000, 0x20000, 0x40000
"""What a handle to a service may do: Service Security and Access Rights."""

_SDDL_REVISION = 1
_LARGEST_CONFIG = 8192  # bytes QueryServiceConfigW and QueryServiceConfig2W ever give
_LIST_SIZE = 256 * 1024  # bytes EnumServicesStatusExW and EnumDependentServicesW give at once
_NOTIFY_VERSION = 2
_NOTIFY_STOPPED = 0x1
_STATUS_PROCESS_INFO = 0
_EVERY_STATE = 3
_ALERTABLE = 1
_ACTIVE = 1

_H, _TEXT, _D, _P, _OK = (
    wintypes.HANDLE,
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.c_void_p,
    wintypes.BOOL,
)
_COUNT = ctypes.POINTER(wintypes.DWORD)
_SIGNATURES: Mapping[str, tuple[Any, ...]] = {
    "OpenSCManagerW": (_H, _TEXT, _TEXT, _D),
    "OpenServiceW": (_H, _H, _TEXT, _D),
    "CloseServiceHandle": (_OK, _H),
    "CreateServiceW": (_H, _H, _TEXT, _TEXT, _D, _D, _D, _D, _TEXT, _TEXT, _P, _P, _TEXT, _TEXT),
    "ChangeServiceConfigW": (_OK, _H, _D, _D, _D, _TEXT, _TEXT, _P, _P, _TEXT, _TEXT, _TEXT),
    "ChangeServiceConfig2W": (_OK, _H, _D, _P),
    "QueryServiceConfigW": (_OK, _H, _P, _D, _COUNT),
    "QueryServiceConfig2W": (_OK, _H, _D, _P, _D, _COUNT),
    "QueryServiceStatusEx": (_OK, _H, ctypes.c_int, _P, _D, _COUNT),
    "EnumServicesStatusExW": (
        *(_OK, _H, ctypes.c_int, _D, _D, _P, _D, _COUNT, _COUNT, _COUNT, _TEXT),
    ),
    "EnumDependentServicesW": (_OK, _H, _D, _P, _D, _COUNT, _COUNT),
    "GetServiceKeyNameW": (_OK, _H, _TEXT, wintypes.LPWSTR, _COUNT),
    "StartServiceW": (_OK, _H, _D, _P),
    "ControlService": (_OK, _H, _D, ctypes.POINTER(ServiceStatus)),
    "DeleteService": (_OK, _H),
    "SetServiceObjectSecurity": (_OK, _H, _D, _P),
    "QueryServiceObjectSecurity": (_OK, _H, _D, _P, _D, _COUNT),
    "ConvertStringSecurityDescriptorToSecurityDescriptorW": (_OK, _TEXT, _D, _P, _P),
    "ConvertSecurityDescriptorToStringSecurityDescriptorW": (_OK, _P, _D, _D, _P, _P),
    "NotifyServiceStatusChangeW": (_D, _H, _D, _P),
}


Value = TypeVar("Value", bound=ctypes.Structure)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSettings:
    """What CreateServiceW takes, in its terms; None, to ChangeServiceConfigW: as it is."""

    start: int | None = None
    error_control: int | None = None
    command: str | None = None
    load_order_group: str | None = None
    dependencies: bytes | None = None
    account: str | None = None
    display_name: str | None = None
    password: str | None = field(default=None, repr=False)


class ScmApi:
    """What Windows offers to configure and control services.

    A handle is only good within its ``with`` block.  Every call raises what
    :func:`svcctl.system.windows.winapi.fault` makes of an error.
    """

    def __init__(self, advapi32: Any = None) -> None:  # noqa: ANN401 - a DLL, or what stands for it
        self._dll = winapi.library("advapi32") if advapi32 is None else advapi32
        for name, (result, *arguments) in _SIGNATURES.items():
            winapi.declare(getattr(self._dll, name), result, *arguments)

    @contextmanager
    def manager(self, access: int) -> Iterator[int]:
        """Give a handle to the SCM of this machine."""
        handle = self._dll.OpenSCManagerW(None, None, access)
        if not handle:
            self._fail("the service control manager cannot be reached", "")
        try:
            yield handle
        finally:
            self._dll.CloseServiceHandle(handle)

    @contextmanager
    def service(self, name: str, access: int) -> Iterator[int]:
        """Give a handle to the service *name*; raises UnknownService where there is none."""
        with self.manager(CONNECT) as manager:
            handle = self._dll.OpenServiceW(manager, name, access)
            if not handle:
                self._fail(f"service {name!r} cannot be opened", name)
        try:
            yield handle
        finally:
            self._dll.CloseServiceHandle(handle)

    # configuration

    @contextmanager
    def create(self, name: str, access: int, own: OwnSettings) -> Iterator[int]:
        """Create a service in a process of its own, and give a handle to it."""
        with self.manager(CREATE) as manager:
            handle = self._dll.CreateServiceW(
                manager,
                name,
                own.display_name,
                access,
                OWN_PROCESS,
                own.start,
                own.error_control,
                own.command,
                own.load_order_group or None,
                None,
                own.dependencies,
                own.account,
                own.password,
            )
            if not handle:
                self._fail(f"service {name!r} cannot be created", name)
        try:
            yield handle
        finally:
            self._dll.CloseServiceHandle(handle)

    def change(self, name: str, service: int, own: OwnSettings) -> None:
        """Change what is not None in *own*."""
        done = self._dll.ChangeServiceConfigW(
            service,
            NO_CHANGE,
            NO_CHANGE if own.start is None else own.start,
            NO_CHANGE if own.error_control is None else own.error_control,
            own.command,
            own.load_order_group,
            None,
            own.dependencies,
            own.account,
            own.password,
            own.display_name,
        )
        if not done:
            self._fail(f"service {name!r} cannot be changed", name)

    def change_level(
        self, name: str, service: int, level: int, value: ctypes.Structure, *, member: str
    ) -> None:
        """Set what *level* of ChangeServiceConfig2W stands for; *member* is for people."""
        if not self._dll.ChangeServiceConfig2W(service, level, ctypes.byref(value)):
            self._fail(f"service {name!r}: {member.replace('_', ' ')} cannot be set", name)

    def query(self, name: str, service: int) -> QueryServiceConfig:
        """Give what CreateServiceW set; the structure keeps the memory it points to."""
        buffer, needed = ctypes.create_string_buffer(_LARGEST_CONFIG), wintypes.DWORD()
        if not self._dll.QueryServiceConfigW(
            service, buffer, _LARGEST_CONFIG, ctypes.byref(needed)
        ):
            self._fail(f"the configuration of service {name!r} cannot be read", name)
        return QueryServiceConfig.from_buffer(buffer)

    def query_level(self, name: str, service: int, level: int, kind: type[Value]) -> Value:
        """Give what *level* of QueryServiceConfig2W stands for."""
        buffer, needed = ctypes.create_string_buffer(_LARGEST_CONFIG), wintypes.DWORD()
        if not self._dll.QueryServiceConfig2W(
            service, level, buffer, _LARGEST_CONFIG, ctypes.byref(needed)
        ):
            self._fail(f"the configuration of service {name!r} cannot be read", name)
        return kind.from_buffer(buffer)

    def set_security(self, name: str, service: int, sddl: str) -> None:
        """Set the DACL of the service object; raises SystemFault for what is no SDDL."""
        with self._descriptor(sddl) as descriptor:
            if not self._dll.SetServiceObjectSecurity(service, SERVICE_DACL, descriptor):
                self._fail(f"the DACL of service {name!r} cannot be set", name)

    def security(self, name: str, service: int) -> str:
        """Give the DACL of the service object, in SDDL."""
        buffer, needed = ctypes.create_string_buffer(_LARGEST_CONFIG), wintypes.DWORD()
        if not self._dll.QueryServiceObjectSecurity(
            service, SERVICE_DACL, buffer, _LARGEST_CONFIG, ctypes.byref(needed)
        ):
            self._fail(f"the DACL of service {name!r} cannot be read", name)
        return self._sddl(ctypes.addressof(buffer))

    def canonical_security(self, sddl: str) -> str:
        """Give *sddl* as Windows itself writes it."""
        with self._descriptor(sddl) as descriptor:
            return self._sddl(descriptor)

    @contextmanager
    def _descriptor(self, sddl: str) -> Iterator[int]:
        made = ctypes.c_void_p()
        if not self._dll.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, _SDDL_REVISION, ctypes.byref(made), None
        ):
            self._fail(f"{sddl!r} is no security descriptor", "")
        try:
            yield made.value or 0
        finally:
            _local_free(made)

    def _sddl(self, descriptor: int) -> str:
        made = ctypes.c_void_p()
        if not self._dll.ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor, _SDDL_REVISION, SERVICE_DACL, ctypes.byref(made), None
        ):
            self._fail("a security descriptor cannot be written down", "")
        try:
            return ctypes.wstring_at(made.value or 0)
        finally:
            _local_free(made)

    def delete(self, name: str, service: int) -> None:
        """Mark the service for deletion: it goes once it has stopped and all handles are closed."""
        if not self._dll.DeleteService(service):
            self._fail(f"service {name!r} cannot be deleted", name)

    # state

    def status(self, name: str, service: int) -> ServiceStatusProcess:
        """Give its state."""
        found, needed = ServiceStatusProcess(), wintypes.DWORD()
        if not self._dll.QueryServiceStatusEx(
            service,
            _STATUS_PROCESS_INFO,
            ctypes.byref(found),
            ctypes.sizeof(found),
            ctypes.byref(needed),
        ):
            self._fail(f"the state of service {name!r} cannot be read", name)
        return found

    def start(self, name: str, service: int) -> None:
        """Have its process started; comes back once that has spoken to the SCM."""
        if not self._dll.StartServiceW(service, 0, None):
            self._fail(f"service {name!r} cannot be started", name)

    def control(self, name: str, service: int, code: int, *, what: str) -> None:
        """Send a control code, to *what* the service; comes back once it has taken it."""
        if not self._dll.ControlService(service, code, ctypes.byref(ServiceStatus())):
            self._fail(f"service {name!r} cannot be {what}", name)

    def await_stopped(self, name: str, *, within: float) -> bool:
        """Wait until it is STOPPED; False where it is not after *within* seconds.

        Raises UnknownService for one that is no more.
        """
        over: list[bool] = []
        callback = _notify_type()(lambda _notice: over.append(True))
        notice = _notice(callback)
        sleep = winapi.declare(winapi.library("kernel32").SleepEx, _D, _D, _OK)
        deadline = time.monotonic() + within
        with self.service(name, QUERY_STATUS) as service:
            code = self._dll.NotifyServiceStatusChangeW(
                service, _NOTIFY_STOPPED, ctypes.byref(notice)
            )
            if code:
                raise winapi.fault(f"service {name!r} cannot be watched", code)
            while not over and (left := deadline - time.monotonic()) > 0:
                sleep(round(left * 1000), _ALERTABLE)
        sleep(0, _ALERTABLE)  # a call that was queued must not come once its memory is gone
        return bool(over)

    # lists

    def services(self) -> list[EnumServiceStatusProcess]:
        """Give every service that is not a driver; the structures keep their memory."""
        found: list[EnumServiceStatusProcess] = []
        needed, count, resume = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
        with self.manager(ENUMERATE) as manager:
            more = True
            while more:
                buffer = ctypes.create_string_buffer(_LIST_SIZE)
                done = self._dll.EnumServicesStatusExW(
                    *(manager, 0, WIN32_SERVICES, _EVERY_STATE, buffer, _LIST_SIZE),
                    *(ctypes.byref(needed), ctypes.byref(count), ctypes.byref(resume), None),
                )
                more = not done
                if more and ctypes.get_last_error() != winapi.ERROR_MORE_DATA:
                    self._fail("the services cannot be listed", "")
                found += (EnumServiceStatusProcess * count.value).from_buffer(buffer)
        return found

    def dependents(self, name: str, service: int) -> list[str]:
        """Give the services that depend on it and are not stopped, those to stop first first."""
        needed, count = wintypes.DWORD(), wintypes.DWORD()
        buffer = ctypes.create_string_buffer(_LIST_SIZE)
        if not self._dll.EnumDependentServicesW(
            service, _ACTIVE, buffer, _LIST_SIZE, ctypes.byref(needed), ctypes.byref(count)
        ):
            self._fail(f"what depends on service {name!r} cannot be listed", name)
        found = (EnumServiceStatus * count.value).from_buffer(buffer)
        return [each.lpServiceName for each in found]

    def name_of(self, display_name: str) -> str:
        """Give the name of the service that is shown as *display_name*; empty where none is."""
        buffer, size = ctypes.create_unicode_buffer(257), wintypes.DWORD(257)
        with self.manager(CONNECT) as manager:
            found = self._dll.GetServiceKeyNameW(manager, display_name, buffer, ctypes.byref(size))
        return buffer.value if found else ""

    def _fail(self, what: str, name: str) -> NoReturn:
        code = ctypes.get_last_error()
        raise winapi.fault(what, code, hint=hint(code, name))


def _notify_type() -> Any:  # noqa: ANN401 - a type that only Windows' ctypes can make
    """Give PFN_SC_NOTIFY_CALLBACK."""
    return ctypes.WINFUNCTYPE(None, ctypes.c_void_p)


def _notice(callback: Any) -> ctypes.Structure:  # noqa: ANN401 - as above
    """Give a SERVICE_NOTIFY_2W that has *callback* called."""

    class Notice(ctypes.Structure):
        _fields_ = (
            ("dwVersion", wintypes.DWORD),
            ("pfnNotifyCallback", type(callback)),
            ("pContext", ctypes.c_void_p),
            ("dwNotificationStatus", wintypes.DWORD),
            ("ServiceStatus", ServiceStatusProcess),
            ("dwNotificationTriggered", wintypes.DWORD),
            ("pszServiceNames", ctypes.c_void_p),
        )

    return Notice(dwVersion=_NOTIFY_VERSION, pfnNotifyCallback=callback)


def _local_free(memory: ctypes.c_void_p) -> None:
    winapi.declare(winapi.library("kernel32").LocalFree, _P, _P)(memory)
