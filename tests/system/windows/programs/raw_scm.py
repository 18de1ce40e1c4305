"""The SCM by calls of its own, and nothing of svcctl: what the tests see it through."""

from __future__ import annotations

import ctypes
import subprocess
import time
from collections.abc import Callable
from ctypes import wintypes
from dataclasses import dataclass
from typing import Self

ALL_ACCESS = 0xF003F
SERVICE_ALL_ACCESS = 0xF01FF
SYNCHRONIZE_AND_TERMINATE = 0x100001
STOPPED = 1
PATIENCE = 150.0


class ServiceStatusProcess(ctypes.Structure):
    """SERVICE_STATUS_PROCESS of winsvc.h."""

    _fields_ = tuple(
        (name, wintypes.DWORD)
        for name in (
            "type",
            "state",
            "accepted",
            "win32_exit_code",
            "specific_code",
            "checkpoint",
            "wait_hint",
            "pid",
            "flags",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What QueryServiceStatusEx says; *wait_hint* in milliseconds."""

    state: int
    accepted: int
    win32_exit_code: int
    specific_code: int
    checkpoint: int
    wait_hint: int
    pid: int


class RawScm:
    """A connection to the SCM; errors of Windows are OSErrors."""

    def __enter__(self) -> Self:
        self._advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
        self._kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        for name in ("OpenSCManagerW", "CreateServiceW", "OpenServiceW"):
            getattr(self._advapi32, name).restype = wintypes.HANDLE
        self._kernel32.OpenProcess.restype = wintypes.HANDLE
        self._manager = _checked(self._advapi32.OpenSCManagerW(None, None, ALL_ACCESS))
        return self

    def __exit__(self, *_: object) -> None:
        self._close(self._manager)

    def create(self, name: str, argv: list[str]) -> None:
        """Have a service that people start, as LocalSystem."""
        handle = self._advapi32.CreateServiceW(
            wintypes.HANDLE(self._manager),
            name,
            name,
            SERVICE_ALL_ACCESS,
            0x10,  # SERVICE_WIN32_OWN_PROCESS
            3,  # SERVICE_DEMAND_START
            1,  # SERVICE_ERROR_NORMAL
            subprocess.list2cmdline(argv),
            *(None,) * 5,
        )
        self._close(_checked(handle))

    def start(self, name: str) -> None:
        """Start it; come back once its process has connected."""
        self._with(name, lambda handle: _checked(self._advapi32.StartServiceW(handle, 0, None)))

    def control(self, name: str, code: int) -> int:
        """Send a control code; give the error, 0 where there is none."""
        status = (wintypes.DWORD * 7)()
        return self._with(
            name,
            lambda handle: (
                0
                if self._advapi32.ControlService(handle, code, ctypes.byref(status))
                else ctypes.get_last_error()
            ),
        )

    def status(self, name: str) -> Status:
        """Say how it is now."""
        found, needed = ServiceStatusProcess(), wintypes.DWORD()
        self._with(
            name,
            lambda handle: _checked(
                self._advapi32.QueryServiceStatusEx(
                    handle, 0, ctypes.byref(found), ctypes.sizeof(found), ctypes.byref(needed)
                )
            ),
        )
        return Status(**{each: getattr(found, each) for each in Status.__dataclass_fields__})

    def exists(self, name: str) -> bool:
        """Say whether the SCM knows that name."""
        handle = self._advapi32.OpenServiceW(wintypes.HANDLE(self._manager), name, 0x4)
        if handle:
            self._close(handle)
        return bool(handle)

    def wait(self, name: str, until: Callable[[Status], bool]) -> list[Status]:
        """Look at it until something holds; give every different status seen on the way."""
        seen: list[Status] = []
        deadline = time.monotonic() + PATIENCE
        while True:
            now = self.status(name)
            if not seen or now != seen[-1]:
                seen.append(now)
            if until(now):
                return seen
            assert time.monotonic() < deadline, f"still {now} after {PATIENCE} seconds: {seen}"
            time.sleep(0.02)

    def open_process(self, pid: int) -> int:
        """Give a handle of a process, so that it can be waited for."""
        handle = self._kernel32.OpenProcess(SYNCHRONIZE_AND_TERMINATE | 0x1000, False, pid)
        return int(_checked(handle))

    def join_process(self, handle: int, patience: float) -> int:
        """Wait until a process has ended; give its exit status."""
        wait = self._kernel32.WaitForSingleObject
        assert wait(wintypes.HANDLE(handle), round(patience * 1000)) == 0, "it still runs"
        code = wintypes.DWORD()
        self._kernel32.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
        return code.value

    def exit_code(self, handle: int) -> int | None:
        """Give the exit status of a process; None while it runs."""
        if self._kernel32.WaitForSingleObject(wintypes.HANDLE(handle), 0):
            return None
        code = wintypes.DWORD()
        self._kernel32.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
        return code.value

    def kill_process(self, handle: int) -> None:
        """End a process as task managers do."""
        self._kernel32.TerminateProcess(wintypes.HANDLE(handle), 1)

    def working_set(self, handle: int) -> int:
        """Give the bytes of memory a process has now: PROCESS_MEMORY_COUNTERS."""
        counters = (ctypes.c_size_t * 9)()
        counters[0] = ctypes.sizeof(counters)
        _checked(
            self._kernel32.K32GetProcessMemoryInfo(
                wintypes.HANDLE(handle), ctypes.byref(counters), ctypes.sizeof(counters)
            )
        )
        return int(counters[2])

    def delete(self, name: str, *, process: int = 0) -> None:
        """Forget the service, and end its *process* if it still has one."""
        if process:
            self.kill_process(process)
            self.join_process(process, PATIENCE)
            self._kernel32.CloseHandle(wintypes.HANDLE(process))
        self._with(name, lambda handle: _checked(self._advapi32.DeleteService(handle)))

    def _with(self, name: str, call: Callable[[wintypes.HANDLE], int]) -> int:
        manager = wintypes.HANDLE(self._manager)
        handle = _checked(self._advapi32.OpenServiceW(manager, name, SERVICE_ALL_ACCESS))
        try:
            return call(wintypes.HANDLE(handle))
        finally:
            self._close(handle)

    def _close(self, handle: int) -> None:
        self._advapi32.CloseServiceHandle(wintypes.HANDLE(handle))


def _checked(result: int | None) -> int:
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result
