"""Where records lie that a receiver will never take, each with the reason, for people to see."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from svcctl.observe.ship.entry import Entry

_LARGEST = 16 << 20  # bytes of the file; there is one older one


class Aside:
    """A file of JSON lines at *path*; when it is large it becomes ``PATH.1``."""

    def __init__(self, path: str) -> None:
        self.path = path

    def put(self, entries: Iterable[tuple[Entry, str]], *, at: float) -> None:
        """Keep entries, each with the reason; raises OSError."""
        self._write(
            {
                "at": at,
                "reason": reason,
                "id": entry.id,
                "service": entry.writer.service,
                "instance": entry.writer.instance,
                "stream": entry.writer.stream,
                "text": entry.text,
            }
            for entry, reason in entries
        )

    def note(self, count: int, reason: str, *, at: float) -> None:
        """Say that *count* records were refused that nobody can name; raises OSError."""
        self._write([{"at": at, "reason": reason, "count": count}])

    def _write(self, documents: Iterable[dict[str, Any]]) -> None:
        lines = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in documents)
        if not lines:
            return
        with open(self.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(lines.encode(errors="replace"))
            size = file.tell()
        if size > _LARGEST:
            os.replace(self.path, f"{self.path}.1")
