"""Unit files on disk: read, compared, written whole, taken away."""

from __future__ import annotations

import os
from collections.abc import Mapping

from svcctl.errors import UsageError
from svcctl.ports import Act

_SYSTEM = "/etc/systemd/system"


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
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_acts(wanted: Mapping[str, str]) -> list[Act]:
    """Give the writing of every file, by path, that does not hold the wanted text."""
    found = {path: read(path) for path in wanted}
    return [
        Act(kind="write", target=path, text=text, before=found[path])
        for path, text in wanted.items()
        if found[path] != text
    ]


def write(path: str, text: str) -> None:
    """Put *text* there at once and whole, and so that a power failure does not undo it."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    draft = os.path.join(folder, f".{os.path.basename(path)}.new")
    with open(draft, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def delete(path: str) -> None:
    """Take a file away; one that is not there is no error."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def is_enabled(folder: str, unit: str) -> bool:
    """Say whether some target in *folder* wants *unit*: systemctl(1) ``enable`` makes that link."""
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        return False
    wanting = [each for each in found if each.endswith((".wants", ".requires"))]
    return any(os.path.lexists(os.path.join(folder, each, unit)) for each in wanting)


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
