"""Remembers the last configurations of a service over restarts and kills."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcctl.errors import StateFault, UsageError, quoted
from svcctl.sdk.config.text import Format, Text
from svcctl.system import whole_file

_log = logging.getLogger(__name__)

_SUFFIX = ".json"
_MODE = 0o600  # the texts may hold secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One configuration that was accepted.

    *version* counts from 1; *at* is seconds since 1970, UTC; *who* asked, for *what* (``start``,
    ``reload``, ``propose``, ``rollback to 3``), and where it came from.  *changed* are the keys
    that differ from the one before.  *texts* are what it was made of; *said* tells what the
    files said when they were last taken over; *values* are all values as they can be shown.
    """

    version: int
    at: float
    who: str
    what: str
    origin: str
    changed: tuple[str, ...] = ()
    texts: tuple[Text, ...] = field(default=(), repr=False)
    said: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


class History:
    """The last revisions, oldest first; in a folder each is a file that is there whole or not.

    Every instance of a service needs a folder of its own.
    """

    def __init__(self, *, folder: str = "", keep: int = 20) -> None:
        """Read what is in *folder*, which need not exist; without one nothing outlives us.

        Raises StateFault where the folder cannot be read.
        """
        self._folder = folder
        self._keep = max(1, keep)
        self._revisions = _read_all(folder) if folder else []

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """Give all that are kept, oldest first."""
        return tuple(self._revisions)

    @property
    def last(self) -> Revision | None:
        """Give the newest; None where there is none yet."""
        return self._revisions[-1] if self._revisions else None

    def find(self, version: int) -> Revision:
        """Give one by its version; raises UsageError."""
        for each in self._revisions:
            if each.version == version:
                return each
        known = ", ".join(str(each.version) for each in self._revisions) or "none"
        raise UsageError(f"version {version} is not in the history", hint=f"it has: {known}")

    def add(self, revision: Revision) -> None:
        """Keep *revision*, and forget the oldest.

        It is kept in memory before all else; raises OSError where the folder does not take it.
        """
        self._revisions.append(revision)
        forgotten = self._revisions[: -self._keep]
        del self._revisions[: -self._keep]
        if not self._folder:
            return
        content = json.dumps(to_document(revision), indent=1).encode()
        Path(self._folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_file.write(self._path(revision.version), content, mode=_MODE)
        for each in forgotten:
            whole_file.delete(self._path(each.version))

    def _path(self, version: int) -> str:
        return str(Path(self._folder, f"{version:08d}{_SUFFIX}"))


def to_document(revision: Revision) -> dict[str, object]:
    """Give *revision* as JSON can hold it."""
    return {
        "version": revision.version,
        "at": revision.at,
        "who": revision.who,
        "what": revision.what,
        "origin": revision.origin,
        "changed": list(revision.changed),
        "texts": [
            {
                "name": each.name,
                "content": each.content,
                "format": str(each.format),
                "proposed": each.proposed,
            }
            for each in revision.texts
        ],
        "said": revision.said,
        "values": dict(revision.values),
    }


def from_document(document: Any) -> Revision:  # noqa: ANN401 - anything a file can hold
    """Give what :func:`to_document` was given; raises ValueError, KeyError or TypeError."""
    return Revision(
        version=int(document["version"]),
        at=float(document["at"]),
        who=str(document["who"]),
        what=str(document["what"]),
        origin=str(document["origin"]),
        changed=tuple(map(str, document["changed"])),
        texts=tuple(
            Text(
                name=str(each["name"]),
                content=str(each["content"]),
                format=Format(each["format"]),
                proposed=bool(each["proposed"]),
            )
            for each in document["texts"]
        ),
        said=str(document["said"]),
        values={str(key): str(value) for key, value in document["values"].items()},
    )


def _read_all(folder: str) -> list[Revision]:
    try:
        paths = [each for each in Path(folder).iterdir() if each.suffix == _SUFFIX]
        contents = {path.name: path.read_bytes() for path in paths}
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = f"the history in {quoted(folder)} cannot be read: {error.strerror}"
        raise StateFault(problem) from error
    found: list[Revision] = []
    for name, content in contents.items():
        try:
            found.append(from_document(json.loads(content)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # one revision less to go back to must not keep a service from starting
            _log.warning("config.revision_unreadable", extra={"file": name, "problem": str(error)})
    return sorted(found, key=lambda each: each.version)
