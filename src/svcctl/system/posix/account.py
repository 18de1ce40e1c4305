"""Which account a program runs as, and what its environment says of that."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch

_ASK_ROOT = "run the agent as root, or take this option out"


_OURS_ALONE = (
    *("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"),
    *("XDG_CACHE_HOME", "XDG_DATA_HOME"),
)
"""Variables that name folders of one user: the XDG base directory specification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Numbers to become, None for what stays; *about* is what HOME, USER… should be."""

    uid: int | None
    gid: int | None
    groups: tuple[int, ...] | None
    about: Mapping[str, str]


def find_account(launch: Launch) -> Account | None:
    """Say whom the program is to run as; None where nothing changes.

    Raises CannotSpawn for a name nobody has, and for a change only root may make.
    """
    user = _find_user(launch.user) if launch.user is not None else None
    gid = _find_group(launch.group) if launch.group is not None else None
    further = launch.supplementary_groups
    if os.geteuid() != 0:
        _insist_nothing_changes(launch, user, gid)
        return None
    if user is None and gid is None and further is None:
        return None
    if gid is None and user is not None:
        gid = user.pw_gid
    return Account(
        uid=user.pw_uid if user is not None else None,
        gid=gid,
        groups=_groups(user, gid, further),
        about=_about(user),
    )


def this_user() -> int:
    """Give the user this process acts for."""
    return os.geteuid()


def owner_of(user: str | None) -> tuple[int, int] | None:
    """Give uid and gid of *user*, to own what its programs open; None for us or nobody known."""
    if user is None or os.geteuid() != 0:
        return None
    try:
        found = _find_user(user)
    except CannotSpawn:  # said when the program is started
        return None
    return found.pw_uid, found.pw_gid


def environment_of(account: Account, env: Mapping[str, str]) -> dict[str, str]:
    """Give *env* with HOME, USER, LOGNAME and SHELL of the account, without our XDG folders.

    A value that differs from the agent's own was set on purpose and stays.
    """
    changed = dict(env)
    if account.uid not in {None, os.geteuid()}:
        for name in _OURS_ALONE:
            if name in changed and changed[name] == os.environ.get(name):
                del changed[name]
    for name, value in account.about.items():
        if changed.get(name) == os.environ.get(name) or name not in changed:
            changed[name] = value
    return changed


def _insist_nothing_changes(
    launch: Launch, user: pwd.struct_passwd | None, gid: int | None
) -> None:
    if user is not None and user.pw_uid != os.geteuid():
        raise CannotSpawn(
            f"only an agent of root can run a program as user '{launch.user}'",
            hint=_ASK_ROOT,
            permanent=True,
        )
    if gid is not None and gid != os.getegid():
        raise CannotSpawn(
            f"only an agent of root can run a program as group '{launch.group}'",
            hint=_ASK_ROOT,
            permanent=True,
        )
    if launch.supplementary_groups is not None:
        wanted = {_find_group(each) for each in launch.supplementary_groups}
        if wanted != set(os.getgroups()) - {os.getegid()}:
            raise CannotSpawn(
                "only an agent of root can set supplementary groups",
                hint=_ASK_ROOT,
                permanent=True,
            )


def _groups(
    user: pwd.struct_passwd | None, gid: int | None, further: tuple[str, ...] | None
) -> tuple[int, ...] | None:
    if further is not None:
        return tuple(_find_group(each) for each in further)
    if user is None or gid is None:
        return None
    return tuple(os.getgrouplist(user.pw_name, gid))


def _about(user: pwd.struct_passwd | None) -> dict[str, str]:
    if user is None:
        return {}
    return {
        "HOME": user.pw_dir or "/",
        "USER": user.pw_name,
        "LOGNAME": user.pw_name,
        "SHELL": user.pw_shell or "/bin/sh",
    }


def _find_user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise CannotSpawn(
            f"there is no user '{name}' on this machine",
            hint=f"see who there is: getent passwd; or add it: useradd --system {name}",
            permanent=True,
        ) from None


def _find_group(name: str) -> int:
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise CannotSpawn(
            f"there is no group '{name}' on this machine",
            hint=f"see which there are: getent group; or add it: groupadd --system {name}",
            permanent=True,
        ) from None
