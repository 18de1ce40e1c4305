"""The folder of a service that runs as somebody else, who could not make it for himself."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from svcctl.errors import CannotSpawn, quoted


def make(path: str, user: str) -> None:
    """Make the folder *path* for *user*, closed to others; what is in one that is there stays.

    Raises CannotSpawn.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o711, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
        shutil.chown(path, user=int(user) if user.isdecimal() else user)
    except (OSError, LookupError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise CannotSpawn(f"{quoted(path)} cannot be made for user {user!r}: {problem}") from error
