"""The calls a service makes to the SCM, by ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import wintypes

from svcctl.system.windows import winapi
from svcctl.system.windows.service_status import Standing

_ERROR_FAILED_SERVICE_CONTROLLER_CONNECT = 1063


class _ServiceStatus(ctypes.Structure):
    """SERVICE_STATUS of winsvc.h."""

    _fields_ = (
        ("dwServiceType", wintypes.DWORD),
        ("dwCurrentState", wintypes.DWORD),
        ("dwControlsAccepted", wintypes.DWORD),
        ("dwWin32ExitCode", wintypes.DWORD),
        ("dwServiceSpecificExitCode", wintypes.DWORD),
        ("dwCheckPoint", wintypes.DWORD),
        ("dwWaitHint", wintypes.DWORD),
    )


class ServiceCalls:
    """The SCM, as the one service of this process speaks to it.

    Callbacks given to Windows are kept for as long as this object lives.
    """

    def __init__(self) -> None:
        self._advapi32 = winapi.library("advapi32")
        self._set_status = winapi.declare(
            self._advapi32.SetServiceStatus,
            wintypes.BOOL,
            wintypes.HANDLE,
            ctypes.POINTER(_ServiceStatus),
        )
        self._handle: int | None = None
        self._kept: list[object] = []

    def serve(self, name: str, main: Callable[[], None]) -> bool:
        """Have Windows call *main* in a thread of its own; come back once STOPPED was told.

        False where this process was not started by the SCM: nothing was called then.
        """
        kind = ctypes.WINFUNCTYPE(None, wintypes.DWORD, ctypes.POINTER(wintypes.LPWSTR))

        class Entry(ctypes.Structure):  # SERVICE_TABLE_ENTRYW
            _fields_ = (("lpServiceName", wintypes.LPWSTR), ("lpServiceProc", kind))

        entry = kind(lambda _count, _words: main())
        table = (Entry * 2)(Entry(name, entry), Entry(None, kind()))
        self._kept += [entry, table]
        dispatch = winapi.declare(
            self._advapi32.StartServiceCtrlDispatcherW, wintypes.BOOL, ctypes.POINTER(Entry)
        )
        if dispatch(table):
            return True
        code = ctypes.get_last_error()
        if code == _ERROR_FAILED_SERVICE_CONTROLLER_CONNECT:
            return False
        raise winapi.fault(f"service {name!r} cannot reach the service control manager", code)

    def listen(self, name: str, control: Callable[[int], int]) -> None:
        """Have *control* answer every control code, in the thread that is in :meth:`serve`.

        A console that came with the process is left: whoever owns one is ended by Windows at
        shutdown, before it was asked to stop (CTRL_SHUTDOWN_EVENT).
        """
        kind = ctypes.WINFUNCTYPE(
            wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.LPVOID
        )
        callback = kind(lambda code, _event, _more, _context: control(code))
        self._kept.append(callback)
        register = winapi.declare(
            self._advapi32.RegisterServiceCtrlHandlerExW,
            wintypes.HANDLE,
            wintypes.LPCWSTR,
            kind,
            wintypes.LPVOID,
        )
        self._handle = register(name, callback, None)
        winapi.check(self._handle, f"the controls of service {name!r} cannot be taken")
        winapi.declare(winapi.library("kernel32").FreeConsole, wintypes.BOOL)()

    def tell(self, standing: Standing) -> None:
        """Report *standing*; raises SystemFault where the SCM does not take it."""
        status = _ServiceStatus(*standing.fields())
        winapi.check(
            self._set_status(self._handle, ctypes.byref(status)),
            f"the state {standing.state.name} cannot be reported",
        )
