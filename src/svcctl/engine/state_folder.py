"""The folder of a service that runs as somebody else, who could not make it for himself."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress

from svcctl.errors import CannotSpawn, quoted


def make(path: str, user: str) -> None:
    """Make the folder *path* for *user*, closed to others; what is in one that is there stays.

    The two folders above it, the agent's own, let others pass through, and not look inside.
    Raises CannotSpawn.
    """
    try:
        above = os.path.dirname(path)
        os.makedirs(above, mode=0o711, exist_ok=True)
        for each in (os.path.dirname(above), above):
            _let_pass(each)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        shutil.chown(path, user=int(user) if user.isdecimal() else user)
    except (OSError, LookupError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise CannotSpawn(f"{quoted(path)} cannot be made for user {user!r}: {problem}") from error


def _let_pass(folder: str) -> None:
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    if not mode & 0o001:
        os.chmod(folder, mode | 0o011)  # noqa: S103 - to pass through
