"""Files of systemd as svcctl finds them: units, the links that enable them, who lingers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from svcctl.errors import Denied, SystemFault, UsageError
from svcctl.ports import Act
from svcctl.system import whole_file

_SYSTEM = "/etc/systemd/system"
_LINGER = "/var/lib/systemd/linger"


def unit_folder(*, user: bool) -> str:
    """Give the folder of the administrator's units, or of this *user*'s own: systemd.unit(5)."""
    if not user:
        return _SYSTEM
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.config")
    return os.path.join(base, "systemd", "user")


def read(path: str) -> str | None:
    """Give what stands in *path*, None where there is no such file."""
    found = whole_file.read(path)
    return None if found is None else found.decode(errors="replace")


def write_acts(wanted: Mapping[str, str]) -> list[Act]:
    """Give the writing of every file, by path, that does not hold the wanted text."""
    found = {path: read(path) for path in wanted}
    return [
        Act(kind="write", target=path, text=text, before=found[path])
        for path, text in wanted.items()
        if found[path] != text
    ]


@contextmanager
def faults_told() -> Iterator[None]:
    """Raise Denied or SystemFault for what the system has against a file."""
    try:
        yield
    except PermissionError as error:
        raise Denied(
            f"'{error.filename}' cannot be written: {error.strerror}",
            hint="run it as root, or keep the service as your own: --scope user",
        ) from error
    except OSError as error:
        raise SystemFault(f"'{error.filename}' cannot be written: {error.strerror}") from error


def lingers() -> bool:
    """Say whether this user's services start at boot, as loginctl(1) ``enable-linger`` has it."""
    import pwd  # noqa: PLC0415 - POSIX only

    try:
        return os.path.exists(os.path.join(_LINGER, pwd.getpwuid(os.geteuid()).pw_name))
    except KeyError:
        return False


def is_enabled(folder: str, unit: str) -> bool:
    """Say whether some target in *folder* wants *unit*: systemctl(1) ``enable`` makes that link."""
    return any(_links(folder, unit))


def dangling_links(folder: str, unit: str) -> list[str]:
    """Give the links that enable *unit* and lead nowhere: its file was not deleted by us."""
    return [each for each in _links(folder, unit) if not os.path.exists(each)]


def _links(folder: str, unit: str) -> Iterator[str]:
    try:
        found = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for each in found:
        path = os.path.join(folder, each, unit)
        if each.endswith((".wants", ".requires")) and os.path.lexists(path):
            yield path


def group_of(user: str | None, group: str | None) -> int | None:
    """Give the id of the group a service runs as, which must read its registration; None: root's.

    Raises UsageError for an account there is not.
    """
    import grp  # noqa: PLC0415 - POSIX only
    import pwd  # noqa: PLC0415

    try:
        if group is not None:
            return int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
        if user is None:
            return None
        account = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        missing = f"group {group!r}" if group is not None else f"user {user!r}"
        raise UsageError(
            f"there is no {missing} on this machine",
            hint="make a system account: useradd --system --no-create-home NAME",
        ) from None
    return account.pw_gid
