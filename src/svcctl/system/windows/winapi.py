"""How ctypes is used here: full signatures, errors as exceptions, texts that people understand."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import Any

from svcctl.errors import Conflict, Denied, SvcctlError, SystemFault, UnknownService

ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_PARAMETER = 87
ERROR_BROKEN_PIPE = 109
ERROR_INSUFFICIENT_BUFFER = 122
ERROR_INVALID_LEVEL = 124
ERROR_MORE_DATA = 234
ERROR_SERVICE_DOES_NOT_EXIST = 1060
ERROR_SERVICE_MARKED_FOR_DELETE = 1072

_CONFLICTS = frozenset((1051, 1052, 1056, 1058, 1061, 1062, 1072, 1073, 1078))


def library(name: str) -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    """Give a system DLL by name (``advapi32``); its functions keep their last error."""
    return ctypes.WinDLL(name, use_last_error=True)


def declare(function: Any, result: Any, *arguments: Any) -> Any:  # noqa: ANN401
    """Give *function* its full signature: without one, 64-bit handles are cut to 32 bits."""
    function.restype, function.argtypes = result, list(arguments)
    return function


def message(code: int) -> str:
    """Give Windows' own words for an error *code*, without their full stop."""
    return ctypes.FormatError(code).strip().rstrip(".") or f"error {code}"


def fault(what: str, code: int, *, hint: str = "") -> SvcctlError:
    """Give the error of ours that Windows' error *code* is, met while *what* was tried.

    :func:`winerror` gives the code back.
    """
    problem = f"{what}: {message(code)} (error {code})"
    error: SvcctlError
    if code == ERROR_ACCESS_DENIED:
        error = Denied(problem, hint=hint or "run it from an elevated prompt, as administrator")
    elif code == ERROR_SERVICE_DOES_NOT_EXIST:
        error = UnknownService(problem, hint=hint)
    elif code in _CONFLICTS:
        error = Conflict(problem, hint=hint)
    else:
        error = SystemFault(problem, hint=hint)
    error.__cause__ = ctypes.WinError(code)
    return error


def check(succeeded: object, what: str, *, hint: str = "") -> None:
    """Raise the last error of this thread unless *succeeded*."""
    if not succeeded:
        raise fault(what, ctypes.get_last_error(), hint=hint)


def winerror(error: SvcctlError) -> int:
    """Give the code of Windows behind an error made by :func:`fault`; 0 where there is none."""
    cause = error.__cause__
    return int(getattr(cause, "winerror", 0) or 0)


HANDLE = wintypes.HANDLE
INVALID_HANDLE = ctypes.c_void_p(-1).value
