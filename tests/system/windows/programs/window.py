"""A program with a window that ends with code 55 when it is asked to close."""

import ctypes
from ctypes import wintypes

from say import say  # type: ignore[import-not-found]

WM_CLOSE = 0x10
RESULT = ctypes.c_ssize_t
MESSAGE = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
CALLBACK = ctypes.WINFUNCTYPE(RESULT, *MESSAGE)

user32 = ctypes.WinDLL("user32")
user32.DefWindowProcW.restype = RESULT
user32.DefWindowProcW.argtypes = MESSAGE
user32.CreateWindowExW.restype = wintypes.HWND
user32.CreateWindowExW.argtypes = (
    *(wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD),
    *(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int),
    *(wintypes.HWND, wintypes.HMENU, wintypes.HINSTANCE, wintypes.LPVOID),
)


class WindowClass(ctypes.Structure):
    """WNDCLASSW of winuser.h."""

    _fields_ = (
        ("style", wintypes.UINT),
        ("lpfnWndProc", CALLBACK),
        ("cbClsExtra", ctypes.c_int),
        ("cbWndExtra", ctypes.c_int),
        ("hInstance", wintypes.HINSTANCE),
        ("hIcon", wintypes.HANDLE),
        ("hCursor", wintypes.HANDLE),
        ("hbrBackground", wintypes.HANDLE),
        ("lpszMenuName", wintypes.LPCWSTR),
        ("lpszClassName", wintypes.LPCWSTR),
    )


@CALLBACK
def answer(window: int, message: int, first: int, second: int) -> int:
    """Take a message to the window."""
    if message == WM_CLOSE:
        say("WM_CLOSE")
        user32.PostQuitMessage(55)
        return 0
    return int(user32.DefWindowProcW(window, message, first, second))


kind = WindowClass(lpfnWndProc=answer, lpszClassName="asked")
user32.RegisterClassW(ctypes.byref(kind))
made = user32.CreateWindowExW(0, "asked", "asked", 0, 0, 0, 9, 9, None, None, None, None)
say("here" if made else "there can be no window")
found = wintypes.MSG()
while user32.GetMessageW(ctypes.byref(found), None, 0, 0) > 0:
    user32.DispatchMessageW(ctypes.byref(found))
raise SystemExit(found.wParam)
