"""Gives a host its folders where launchd starts it as somebody else, who could not make them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from svcctl.errors import UsageError, quoted
from svcctl.system.paths import private_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose the folders of a host are: ids of user and group."""

    user: int
    group: int


def find_account(user: str, group: str | None) -> Account:
    """Give the account a host is to run as; UsageError where this machine has none such."""
    import grp  # noqa: PLC0415 - POSIX only
    import pwd  # noqa: PLC0415

    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise _missing("user", user) from None
    try:
        gid = grp.getgrnam(group).gr_gid if group else found.pw_gid
    except KeyError:
        raise _missing("group", str(group)) from None
    return Account(user=found.pw_uid, group=gid)


def own_account() -> Account:
    """Give the account of this process."""
    return Account(user=os.geteuid(), group=os.getegid())


def give(folders: Iterable[str], account: Account) -> None:
    """Make *folders*, and what is in them already, the property of *account*.

    Others may pass through those of somebody else.  A file with several names stays as it is: one
    of them may be somewhere else.
    """
    mode = 0o700 if account == own_account() else 0o711
    for folder in folders:
        if not os.path.isdir(folder):
            private_folder(folder, mode=mode)
        for path, folders_in, files in os.walk(folder):
            _chown(path, account)
            for name in (*folders_in, *files):
                _chown(os.path.join(path, name), account)


def _chown(path: str, account: Account) -> None:
    found = os.lstat(path)
    if (found.st_uid, found.st_gid) == (account.user, account.group):
        return
    if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
        os.lchown(path, account.user, account.group)


def _missing(what: str, name: str) -> UsageError:
    return UsageError(
        f"there is no {what} {quoted(name)} on this machine",
        hint="make it first, or name another: dscl . -list /Users",
    )
