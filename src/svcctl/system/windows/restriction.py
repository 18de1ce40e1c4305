"""Which rights a process that serves others may have on Windows: the rest is taken, or it refuses.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSES_FOLDERS = "SeChangeNotifyPrivilege"
"""The one privilege that is kept; without it hardly anything works."""

MEDIUM = 0x2000
"""The integrity of who is no administrator.  With less, the agent's pipe could not be opened."""

_DENY_ONLY, _INTEGRITY, _LOGON = 0x10, 0x20, 0xC000_0000  # SE_GROUP_*
_SYSTEM = "S-1-5-18"

# What anybody may be a member of: [MS-DTYP] 2.4.2.4.
_ANYBODYS = frozenset(
    (
        "S-1-1-0",  # Everyone
        "S-1-2-0",  # LOCAL
        "S-1-2-1",  # CONSOLE_LOGON
        "S-1-5-2",  # NETWORK
        "S-1-5-3",  # BATCH
        "S-1-5-4",  # INTERACTIVE
        "S-1-5-6",  # SERVICE
        "S-1-5-11",  # Authenticated Users
        "S-1-5-15",  # This Organization
        "S-1-5-32-545",  # Users
    )
)
_OF_A_SERVICE = "S-1-5-80-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A SID in a token, with its ``SE_GROUP_*`` attributes."""

    sid: str
    attributes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Privilege:
    """A privilege that a token holds, enabled or not; *low* and *high* are its LUID."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a token says of who has it; *integrity* is the RID of its level."""

    user: str
    groups: tuple[Group, ...]
    privileges: tuple[Privilege, ...]
    integrity: int


def groups_to_deny(standing: Standing) -> tuple[str, ...]:
    """Give the groups, as SIDs, that may count for denials alone.

    That is all but those everybody is in, that of this logon, and those of a service: what a
    group unknown to us may do is unknown as well.
    """
    return tuple(each.sid for each in standing.groups if _gives_rights(each))


def privileges_to_remove(standing: Standing) -> tuple[Privilege, ...]:
    """Give every privilege but the one that is kept."""
    return tuple(each for each in standing.privileges if each.name != PASSES_FOLDERS)


def rights_left(standing: Standing) -> tuple[str, ...]:
    """Say for what *standing* is not harmless, empty where it is."""
    found = []
    if standing.user == _SYSTEM:
        found.append("it runs as SYSTEM")
    if groups := groups_to_deny(standing):
        found.append(f"it is a member of {', '.join(groups)}")
    if privileges := privileges_to_remove(standing):
        found.append(f"it holds {', '.join(each.name for each in privileges)}")
    if standing.integrity > MEDIUM:
        found.append("its integrity is that of an administrator")
    return tuple(found)


def _gives_rights(group: Group) -> bool:
    """Say whether it may; one that is not enabled could be, unless it is for denials alone."""
    is_logon = group.attributes & _LOGON == _LOGON
    if is_logon or group.attributes & (_DENY_ONLY | _INTEGRITY):
        return False
    return group.sid not in _ANYBODYS and not group.sid.startswith(_OF_A_SERVICE)
