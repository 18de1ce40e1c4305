"""A program without a window, whose only thread takes messages; it ends with code 57."""

import ctypes
from ctypes import wintypes

from say import say  # type: ignore[import-not-found]

user32 = ctypes.WinDLL("user32")
found = wintypes.MSG()
user32.PeekMessageW(ctypes.byref(found), None, 0, 0, 0)  # has Windows make a queue for the thread
say("here")
while user32.GetMessageW(ctypes.byref(found), None, 0, 0) > 0:
    pass
raise SystemExit(57)
