"""Where captured output lies, and in which order its pieces were written."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

STREAMS = ("stdout", "stderr")
CURRENT = float("inf")
"""The number of the file being written: after all others."""

_PIECE = re.compile(r"(stdout|stderr)\.log(?:\.(\d{6,}))?(\.gz)?")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Piece:
    """One file of a stream: *number* grows with time, CURRENT is the one being written."""

    number: float
    path: str
    packed: bool

    @property
    def full(self) -> bool:
        """It was rotated; nothing is written to it any more."""
        return self.number != CURRENT

    @property
    def index(self) -> str:
        """The time index beside it."""
        return f"{self.path.removesuffix('.gz')}.idx"


def instance_folder(logs: str, service: str, instance: str) -> str:
    """Give the folder of the files of one instance."""
    return os.path.join(logs, service, instance)


def pieces(folder: str, stream: str) -> list[Piece]:
    """Give the files of *stream*, oldest first; of a file there packed and plain, the plain one."""
    found: dict[float, Piece] = {}
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    for name in names:
        match = _PIECE.fullmatch(name)
        if match is None or match[1] != stream:
            continue
        number = float(match[2]) if match[2] else CURRENT
        path = os.path.join(folder, name)
        if number not in found or found[number].packed:
            found[number] = Piece(number=number, path=path, packed=match[3] is not None)
    return sorted(found.values())
