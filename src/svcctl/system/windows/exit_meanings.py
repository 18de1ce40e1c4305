"""What the numbers mean that programs end with: those of Windows, and of svcctl's own host."""

from __future__ import annotations

from collections.abc import Mapping

_OF_WINDOWS: Mapping[int, str] = {
    0xC0000005: "it used memory that is not its own",
    0xC000001D: "it ran an instruction this processor does not know",
    0xC0000094: "it divided by zero",
    0xC00000FD: "its stack overflowed",
    0xC0000135: "a DLL it needs was not found",
    0xC0000138: "a DLL it needs lacks something: another version of it",
    0xC0000139: "a DLL it needs lacks something: another version of it",
    0xC000013A: "it was ended by Ctrl-C",
    0xC0000142: "a DLL it needs could not be initialized",
    0xC000007B: "a DLL it needs is for another kind of processor",
    0xC0000374: "its heap was corrupt",
    0xC0000409: "it ended itself when its state was corrupt",
    0xC06D007E: "a DLL it loads late was not found",
    0xE0434352: "an exception of .NET was not caught",
    0xE06D7363: "an exception of C++ was not caught",
}
"""NTSTATUS codes, and exceptions of compilers: [MS-ERREF] 2.3.1."""

_OF_HOSTS: Mapping[int, str] = {
    2: "its command was wrong",
    4: "svcctl has no registration of it",
    64: "its command was wrong",
    70: "its host failed by itself",
    78: "its definition is wrong",
}
"""Statuses of hosts of ours, and what sysexits.h says programs mean by them."""


def meaning(code: int) -> str:
    """Say what a program means by ending with *code*; empty where nobody can tell."""
    return _OF_WINDOWS.get(code & 0xFFFF_FFFF) or _OF_HOSTS.get(code, "")


def shown(code: int) -> str:
    """Give *code* as it is looked up: large ones, which are codes of Windows, in hexadecimal."""
    code &= 0xFFFF_FFFF
    return f"{code:#010X}".replace("X", "x") if code > 0xFFFF else str(code)
