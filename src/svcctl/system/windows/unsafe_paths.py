"""Tells whose programs others could put their own in the place of; pure but for what it is told."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterable, Iterator

from svcctl.errors import quoted
from svcctl.system.windows.command_line import command_line
from svcctl.system.windows.finding import Finding
from svcctl.system.windows.launched import IsFile, Launched
from svcctl.system.windows.writable import SIDS, who_may_change

AccessList = Callable[[str], str]
"""Gives the access list of a path in SDDL; empty where it cannot be read, or nothing is there."""

_MOST_NAMED = 3


def unquoted(each: Launched, *, is_file: IsFile) -> Finding | None:
    """Say whether Windows has to guess where the program of a service ends (CWE-428)."""
    if not each.tried_first:
        return None
    traps = [path for path in each.tried_first if is_file(path)]
    line = command_line((each.program, *each.arguments))
    first = ", then ".join(quoted(path) for path in each.tried_first)
    why = f"Windows tries {first} before {quoted(each.program)}"
    if traps:
        why = f"Windows starts {quoted(traps[0])} instead of {quoted(each.program)}"
    escaped = line.replace('"', '\\"')
    return Finding(
        service=each.service,
        problem=f"its path has blanks and no quotes: {each.command}",
        why=why,
        hint=f'sc.exe config "{each.service}" binPath= "{escaped}"',
        grave=bool(traps),
    )


def writable(
    paths: Iterable[tuple[str, str]], *, is_file: IsFile, access_list: AccessList
) -> Iterator[Finding]:
    """Find what ordinary users may change among *paths*, each with the service that runs it.

    A file counts with the folder it lies in: who may write there puts a DLL beside it.
    """
    users: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for service, path in paths:
        if not is_file(path):
            continue
        for each in (path, ntpath.dirname(path)):
            key = ntpath.normcase(each)
            spelled.setdefault(key, each)
            if service not in users.setdefault(key, []):
                users[key].append(service)
    files = {ntpath.normcase(path) for _, path in paths}
    for key, services in users.items():
        path, folder = spelled[key], key not in files
        groups = who_may_change(access_list(path), folder=folder)
        if groups:
            yield _changed_by(path, groups, services, folder=folder)


def _changed_by(
    path: str, groups: tuple[str, ...], services: list[str], *, folder: bool
) -> Finding:
    what = "folder" if folder else "file"
    return Finding(
        service=named(services),
        problem=f"the {what} {quoted(path)} can be changed by {' and '.join(groups)}",
        why="whoever may log on decides what the service runs, with all its rights",
        hint=closing(path, groups, folder=folder),
        grave=True,
    )


def closing(path: str, groups: Iterable[str], *, folder: bool) -> str:
    """Say how *groups* are kept from changing *path*; they may read it still."""
    if ntpath.dirname(path) == path:
        return "move the program to a folder of its own in C:\\Program Files, and install it again"
    rights = "(OI)(CI)RX" if folder else "RX"
    granted = " ".join(f'"{_trustee(each)}:{rights}"' for each in groups)
    return f'icacls "{path}" /inheritance:d /grant:r {granted}'


def _trustee(group: str) -> str:
    """Give *group* as icacls takes it, in whatever language Windows speaks."""
    return f"*{SIDS[group]}" if group in SIDS else group


def named(services: list[str]) -> str:
    """Name *services* in one line."""
    more = len(services) - _MOST_NAMED
    shown = ", ".join(services[:_MOST_NAMED])
    return shown if more <= 0 else f"{shown} and {more} more"
