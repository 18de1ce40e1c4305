"""How far a receiver has taken a spool: kept after every batch, at the price of one small write.

It is not written through to the disk each time: a kill at any instant loses nothing of it, and a
power failure may repeat the last batches.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, field
from zlib import crc32

from svcctl.observe.logs.shared import open_shared, read_at, write_at
from svcctl.observe.ship.spool import Spot

log = logging.getLogger(__name__)

_SIZE = 512  # bytes: one sector
_SLOTS = 2  # written by turns, so that one is always whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What was done up to *spot*, ever: records sent, set aside, perhaps sent twice; lines lost.

    *clean*: nothing was under way.  *turn* grows.
    """

    spot: Spot = field(default=Spot())
    sent: int = 0
    aside: int = 0
    repeated: int = 0
    lost: int = 0
    clean: bool = True
    turn: int = 0


class Sent:
    """Progress in the file at *path*; raises OSError where that cannot be opened."""

    def __init__(self, path: str) -> None:
        self._descriptor = open_shared(path, os.O_RDWR | os.O_CREAT, 0o600)

    def load(self) -> Progress:
        """Give what was saved last; a fresh one where nothing can be read."""
        found = [_decoded(read_at(self._descriptor, _SIZE, slot * _SIZE)) for slot in range(_SLOTS)]
        return max(filter(None, found), key=lambda each: each.turn, default=Progress())

    def save(self, progress: Progress) -> None:
        """Keep *progress*; raises OSError."""
        write_at(self._descriptor, _encoded(progress), progress.turn % _SLOTS * _SIZE)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _encoded(progress: Progress) -> bytes:
    text = json.dumps(asdict(progress), separators=(",", ":")).encode()
    return b"%08x %b\n" % (crc32(text), text.ljust(_SIZE - 10))


def _decoded(content: bytes) -> Progress | None:
    digest, _, text = content.partition(b" ")
    text = text.rstrip()
    if not text or digest != b"%08x" % crc32(text):
        return None
    try:
        found = json.loads(text)
        return Progress(**{**found, "spot": Spot(**found["spot"])})
    except (ValueError, TypeError, KeyError) as error:  # another version wrote it
        log.warning("ship.progress-unusable", extra={"problem": str(error)})
        return None
