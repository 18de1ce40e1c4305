"""Whether the files a definition came from still say what was applied."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping


class Sources:
    """Compares files with their digests; reads one again only where its stat changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int, int], str]] = {}

    def unchanged(self, sources: Mapping[str, str]) -> bool:
        """Say whether every file still has the sha256 given; a missing file has changed."""
        return all(self._digest(path) == digest for path, digest in sources.items())

    def _digest(self, path: str) -> str:
        try:
            stat = os.stat(path)
            mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._known.get(path)
            if known is None or known[0] != mark:
                with open(path, "rb") as file:
                    known = mark, hashlib.sha256(file.read()).hexdigest()
                self._known[path] = known
        except OSError:
            return ""
        return known[1]
