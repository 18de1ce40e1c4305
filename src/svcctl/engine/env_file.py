"""Reads the files of NAME=value lines that a definition names."""

from __future__ import annotations

from svcctl.engine.named_file import read
from svcctl.errors import CannotSpawn, quoted
from svcctl.spec.env_lines import NotAnAssignmentError, assignments


def read_env_file(path: str) -> dict[str, str]:
    """Read a file; a leading ``-`` makes it optional.

    :func:`svcctl.spec.env_lines.assignments` says how it is written.  Raises CannotSpawn, which
    never shows a value.
    """
    optional, path = path.startswith("-"), path.removeprefix("-")
    try:
        content = read(path)
    except FileNotFoundError:
        if optional:
            return {}
        raise CannotSpawn(
            f"environment file {quoted(path)} is not there",
            hint=f'make it optional with a leading -: env_file = ["-{path}"]',
            permanent=True,
        ) from None
    except OSError as error:
        raise CannotSpawn(
            f"environment file {quoted(path)} cannot be read: {error.strerror}", permanent=True
        ) from error
    text = content.decode("utf-8-sig", "surrogateescape")
    try:
        return {each.name: each.value for each in assignments(text)}
    except NotAnAssignmentError as error:
        raise CannotSpawn(f"{path}:{error.line}: {error.problem}", permanent=True) from error
