"""Whether the files a definition came from still say what was applied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from svcctl.ports import Clock

_DOUBT = 3.0  # seconds in which a file may change twice and keep its time: FAT counts in twos


class Sources:
    """Compares files with their digests; reads one again where its stat changed, or is too young.

    A young one may hide a change: of two writes within a tick both leave the same time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}

    def unchanged(self, sources: Mapping[str, str]) -> bool:
        """Say whether every file still has the sha256 given; a missing file has changed."""
        return all(self._digest(path) == digest for path, digest in sources.items())

    def _digest(self, path: str) -> str:
        now = self._clock.now()
        try:
            stat = os.stat(path)
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._known.get(path)
            if known is None or known[0] != mark:
                with open(path, "rb") as file:
                    known = mark, hashlib.sha256(file.read()).hexdigest()
                if now - stat.st_mtime > _DOUBT:
                    self._known[path] = known
        except OSError:
            return ""
        return known[1]
