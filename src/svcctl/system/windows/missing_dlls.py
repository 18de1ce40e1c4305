"""Tells which DLLs Windows will not find when it starts a program; pure but for what it is told.

https://learn.microsoft.com/windows/win32/dlls/dynamic-link-library-search-order
"""

from __future__ import annotations

import ntpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from svcctl.errors import quoted
from svcctl.system.windows.finding import Finding
from svcctl.system.windows.launched import IsFile
from svcctl.system.windows.pe_imports import Imports

_SETS = ("api-ms-", "ext-ms-")  # names that the loader itself turns into others
_VISUAL_C = ("vcruntime", "msvcp", "msvcr", "concrt", "vccorlib", "mfc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the loader looks: *known* DLLs need no file, *folders* come in their order."""

    known: Collection[str]
    folders: Sequence[str]


def missing(program: str, imports: Imports, places: Places, *, is_file: IsFile) -> tuple[str, ...]:
    """Give the DLLs that *program* is linked to and that are in none of *places*."""
    known = {each.casefold() for each in places.known}
    folders = (ntpath.dirname(program), *places.folders)
    return tuple(
        each
        for each in dict.fromkeys(imports.dlls)
        if each.casefold() not in known
        and not each.casefold().startswith(_SETS)
        and not any(is_file(ntpath.join(folder, each)) for folder in folders)
    )


def without_dlls(service: str, program: str, dlls: Sequence[str]) -> Iterator[Finding]:
    """Give the finding that *dlls* are missing, where there are any."""
    if not dlls:
        return
    names = ", ".join(dlls)
    folder = ntpath.dirname(program)
    hint = f"put {names} into {quoted(folder)}, or its folder into the PATH of the machine"
    if all(each.casefold().startswith(_VISUAL_C) for each in dlls):
        hint = "winget install Microsoft.VCRedist.2015+.x64  (x86 for a 32-bit program)"
    yield Finding(
        service=service,
        problem=f"{quoted(program)} needs {names}, which is nowhere Windows looks",
        why="Windows ends it before its first instruction: exit code 0xC0000135, or error 1053",
        hint=hint,
        grave=True,
    )
