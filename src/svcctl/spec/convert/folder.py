"""Looks at a folder for anything that could become a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import SpecError, quoted
from svcctl.spec.convert import (
    compose,
    executables,
    package_json,
    procfile,
    pyproject,
    python_services,
)
from svcctl.spec.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a folder holds: *drafts*, and *problems* with files that could not be read."""

    drafts: tuple[Draft, ...]
    problems: tuple[SpecError, ...]


_ORDER: tuple[Callable[[Path], list[Draft]], ...] = (
    procfile.find,
    compose.find,
    package_json.find,
    pyproject.find,
    python_services.find,
)


def look(folder: Path) -> Found:
    """Give the drafts of every known kind in *folder*; programs only if there is nothing else.

    Raises SpecError if the folder itself cannot be read.
    """
    drafts: list[Draft] = []
    problems: list[SpecError] = []
    try:
        for find in _ORDER:
            try:
                drafts += find(folder)
            except SpecError as error:
                problems.append(error)
        drafts = drafts or executables.find(folder)
    except OSError as error:
        raise SpecError(f"{quoted(folder)} cannot be read: {error.strerror}") from error
    return Found(drafts=tuple(drafts), problems=tuple(problems))
