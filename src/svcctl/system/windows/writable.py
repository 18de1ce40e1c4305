"""Judges from an access list in SDDL who, besides administrators, may change a file; pure.

https://learn.microsoft.com/windows/win32/secauthz/ace-strings
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ORDINARY: Mapping[str, str] = {
    "WD": "Everyone",
    "S-1-1-0": "Everyone",
    "AU": "Authenticated Users",
    "S-1-5-11": "Authenticated Users",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "IU": "INTERACTIVE",
    "S-1-5-4": "INTERACTIVE",
    "NU": "NETWORK",
    "S-1-5-2": "NETWORK",
    "AN": "ANONYMOUS LOGON",
    "S-1-5-7": "ANONYMOUS LOGON",
    "BG": "Guests",
    "S-1-5-32-546": "Guests",
    "LG": "Guest",
    "DU": "Domain Users",
    "DG": "Domain Guests",
}
_OF_A_DOMAIN: Mapping[str, str] = {"501": "Guest", "513": "Domain Users", "514": "Domain Guests"}
_EVERYONE = "Everyone"

SIDS: Mapping[str, str] = {name: sid for sid, name in _ORDINARY.items() if sid.startswith("S-")}
"""The SIDs of those groups that have the same everywhere, for ``icacls``."""

_WRITE, _APPEND, _DELETE_CHILD = 0x2, 0x4, 0x40
_DELETE, _WRITE_DACL, _WRITE_OWNER = 0x1_0000, 0x4_0000, 0x8_0000
_GENERIC_ALL, _GENERIC_WRITE = 0x1000_0000, 0x4000_0000
_CHANGE = _WRITE | _APPEND | _DELETE | _WRITE_DACL | _WRITE_OWNER
_CHANGE_FOLDER = _CHANGE | _DELETE_CHILD

_RIGHTS: Mapping[str, int] = {
    "GA": _CHANGE_FOLDER,
    "GW": _WRITE | _APPEND,
    "FA": _CHANGE_FOLDER,
    "FW": _WRITE | _APPEND,
    "DC": _WRITE,
    "LC": _APPEND,
    "DT": _DELETE_CHILD,
    "SD": _DELETE,
    "WD": _WRITE_DACL,
    "WO": _WRITE_OWNER,
}
"""What the letters of a right allow, as far as it changes a file: access rights of files."""

_DACL = re.compile(r"D:(?P<flags>[A-Z_]*)(?P<entries>(?:\(.*\))?)", re.DOTALL)
_NO_LIST = "NO_ACCESS_CONTROL"
_ALLOWS, _DENIES = frozenset(("A", "OA", "XA")), frozenset(("D", "OD"))
_INHERIT_ONLY = "IO"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    denies: bool
    rights: int
    trustee: str


def who_may_change(sddl: str, *, folder: bool) -> tuple[str, ...]:
    """Give the groups of ordinary users that may change what *sddl* protects, sorted.

    That is: write, append, delete, or decide who may; in a *folder* also put files into it and
    take them away.  What cannot be understood counts as allowing nothing.
    """
    found = _DACL.search(sddl)
    if found is None:
        return ()
    if found["flags"].startswith(_NO_LIST):
        return (_EVERYONE,)
    wanted = _CHANGE_FOLDER if folder else _CHANGE
    allowed: set[str] = set()
    denied: dict[str, int] = {}
    for entry in _entries(found["entries"]):
        if entry.denies:
            denied[entry.trustee] = denied.get(entry.trustee, 0) | entry.rights
            continue
        refused = denied.get(entry.trustee, 0) | denied.get(_EVERYONE, 0)
        if entry.rights & wanted & ~refused:
            allowed.add(entry.trustee)
    return tuple(sorted(allowed))


def _entries(text: str) -> Iterator[_Entry]:
    """Give the entries that hold for the object itself and name ordinary users, in order."""
    for each in _in_parentheses(text):
        kind, flags, rights, *more = each.split(";")
        trustee = _trustee(more[2]) if len(more) > 2 else ""
        if not trustee or kind not in _ALLOWS | _DENIES or _INHERIT_ONLY in _pairs(flags):
            continue
        yield _Entry(denies=kind in _DENIES, rights=_mask(rights), trustee=trustee)


def _in_parentheses(text: str) -> Iterator[str]:
    """Give what stands in each outermost pair; a condition within brings pairs of its own."""
    depth, begin = 0, 0
    for at, each in enumerate(text):
        if each == "(":
            depth += 1
            begin = at + 1 if depth == 1 else begin
        elif each == ")":
            depth -= 1
            if depth == 0 and text.count(";", begin, at) >= 2:
                yield text[begin:at]
            elif depth < 0:
                return


def _trustee(sid: str) -> str:
    known = _ORDINARY.get(sid)
    if known or not sid.startswith("S-1-5-21-"):
        return known or ""
    return _OF_A_DOMAIN.get(sid.rpartition("-")[2], "")


def _mask(rights: str) -> int:
    """Give *rights*, letters or a number, as bits of a file."""
    try:
        mask = int(rights, 0)
    except ValueError:
        mask = 0
        for each in _pairs(rights):
            mask |= _RIGHTS.get(each, 0)
        return mask
    if mask & _GENERIC_ALL:
        return mask | _CHANGE_FOLDER
    return mask | _WRITE | _APPEND if mask & _GENERIC_WRITE else mask


def _pairs(letters: str) -> list[str]:
    return [letters[at : at + 2] for at in range(0, len(letters), 2)]
