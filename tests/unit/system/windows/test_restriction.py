"""Which rights one who serves others may have on Windows."""

from __future__ import annotations

from svcctl.system.windows.restriction import (
    Group,
    Privilege,
    Standing,
    groups_to_deny,
    privileges_to_remove,
    rights_left,
)

ENABLED, DENY_ONLY, INTEGRITY, LOGON = 0x7, 0x10, 0x60, 0xC000_0007
EVERYONE, USERS, ADMINISTRATORS = "S-1-1-0", "S-1-5-32-545", "S-1-5-32-544"
MEDIUM, HIGH, OF_SYSTEM = 0x2000, 0x3000, 0x4000

PASSES_FOLDERS = Privilege(name="SeChangeNotifyPrivilege", low=23, high=0)
DEBUG = Privilege(name="SeDebugPrivilege", low=20, high=0)


def standing(
    *groups: tuple[str, int],
    user: str = "S-1-5-21-1-2-3-1001",
    privileges: tuple[Privilege, ...] = (PASSES_FOLDERS,),
    integrity: int = MEDIUM,
) -> Standing:
    return Standing(
        user=user,
        groups=tuple(Group(sid=sid, attributes=attributes) for sid, attributes in groups),
        privileges=privileges,
        integrity=integrity,
    )


def test_what_everybody_is_in_is_kept_and_every_other_group_denied() -> None:
    unknown, domain_admins = "S-1-5-21-9-9-9-4711", "S-1-5-21-9-9-9-512"
    held = standing(
        (EVERYONE, ENABLED),
        (USERS, ENABLED),
        (ADMINISTRATORS, ENABLED),
        (domain_admins, ENABLED),
        (unknown, ENABLED),
    )

    assert groups_to_deny(held) == (ADMINISTRATORS, domain_admins, unknown)


def test_a_group_that_is_off_is_denied_too_for_it_could_be_turned_on() -> None:
    assert groups_to_deny(standing((ADMINISTRATORS, 0))) == (ADMINISTRATORS,)


def test_the_logon_the_service_and_the_label_of_integrity_are_no_groups_that_give_rights() -> None:
    held = standing(
        ("S-1-5-5-0-4711", LOGON), ("S-1-5-80-1-2-3-4-5", ENABLED), ("S-1-16-8192", INTEGRITY)
    )

    assert groups_to_deny(held) == ()


def test_one_privilege_is_kept() -> None:
    assert privileges_to_remove(standing(privileges=(PASSES_FOLDERS, DEBUG))) == (DEBUG,)


def test_who_was_restricted_has_no_rights_left() -> None:
    held = standing((EVERYONE, ENABLED), (ADMINISTRATORS, DENY_ONLY), integrity=MEDIUM)

    assert rights_left(held) == ()


def test_every_right_that_is_left_is_told() -> None:
    held = standing(
        (ADMINISTRATORS, ENABLED),
        user="S-1-5-18",
        privileges=(PASSES_FOLDERS, DEBUG),
        integrity=OF_SYSTEM,
    )

    assert rights_left(held) == (
        "it runs as SYSTEM",
        "it is a member of S-1-5-32-544",
        "it holds SeDebugPrivilege",
        "its integrity is that of an administrator",
    )


def test_integrity_alone_is_a_right_as_well() -> None:
    assert rights_left(standing(integrity=HIGH)) == ("its integrity is that of an administrator",)
