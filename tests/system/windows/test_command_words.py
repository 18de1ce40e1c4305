"""Our reading of a command line is that of Windows itself."""

from __future__ import annotations

import ctypes
import itertools
from ctypes import wintypes

from svcctl.spec.windows_words import command_words


def real_words(text: str) -> list[str]:
    """Give the words as shell32 finds them."""
    split = ctypes.WinDLL("shell32").CommandLineToArgvW
    split.argtypes = [wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_int)]
    split.restype = ctypes.POINTER(wintypes.LPWSTR)
    free = ctypes.WinDLL("kernel32").LocalFree
    free.argtypes, free.restype = [ctypes.c_void_p], ctypes.c_void_p
    count = ctypes.c_int()
    found = split(text, ctypes.byref(count))
    words = [str(found[at]) for at in range(count.value)]
    free(found)
    return words


def nothing(path: str) -> bool:
    del path
    return False


def test_every_short_text_comes_apart_as_windows_does_it() -> None:
    texts = [
        "x " + "".join(signs)
        for length in range(7)
        for signs in itertools.product('a "\\', repeat=length)
    ]

    assert [
        each for each in texts if command_words(each, is_file=nothing) != real_words(each)
    ] == []
