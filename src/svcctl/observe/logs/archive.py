"""What becomes of log files that are full: numbered, compressed, in the end deleted."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from svcctl.observe.logs.files import Piece, pieces

log = logging.getLogger(__name__)

_LEVEL = 3  # of gzip: most of the gain for a third of the time of the default


def next_name(path: str, present: Iterable[Piece]) -> str:
    """Give the name under which the full file *path* is kept."""
    numbers = [int(piece.number) for piece in present if piece.number != float("inf")]
    return f"{path}.{max(numbers, default=0) + 1:06d}"


def prune(folder: str, stream: str, *, keep: int, older_than: float | None) -> None:
    """Delete the oldest files of *stream*: all but *keep*, and those last written too long ago."""
    full = [piece for piece in pieces(folder, stream) if piece.number != float("inf")]
    doomed = full[: len(full) - keep] if len(full) > keep else []
    if older_than is not None:
        doomed += [piece for piece in full if _written(piece.path) < older_than]
    for piece in doomed:
        plain = piece.path.removesuffix(".gz")
        for path in (plain, f"{plain}.gz", piece.index):
            Path(path).unlink(missing_ok=True)


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116
    except OSError:
        return float("inf")


class Packer:
    """Compresses full files, one after the other, in a thread that lives while there is work."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._working = False

    def pack(self, paths: Iterable[str]) -> None:
        """Compress *paths*, soon."""
        with self._lock:
            self._waiting += paths
            if self._working or not self._waiting:
                return
            self._working = True
        threading.Thread(target=self._work, name="packer", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._working = False
                    return
                path = self._waiting.pop(0)
            try:
                pack_file(path)
            except FileNotFoundError:
                continue  # deleted meanwhile
            except OSError as error:
                log.warning("logs.not-packed", extra={"path": path, "problem": str(error)})


def pack_file(path: str) -> None:
    """Put ``path.gz`` in the place of *path*; a reader sees the lines once at every instant.

    Readers prefer the plain file, so the order is: packed file complete under its name, then the
    plain one gone.  What a crash leaves behind is packed again at the next start.
    """
    import gzip  # noqa: PLC0415 - with shutil 1 MB, and many agents never rotate
    import shutil  # noqa: PLC0415

    draft = f"{path}.gz.part"
    with open(path, "rb") as plain:  # noqa: PTH123
        with open(draft, "wb") as raw:  # noqa: PTH123
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
                shutil.copyfileobj(plain, packed, 256 * 1024)
            raw.flush()
            os.fsync(raw.fileno())
        stat = os.fstat(plain.fileno())
    os.chmod(draft, stat.st_mode & 0o777)  # noqa: PTH101
    os.utime(draft, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.replace(draft, f"{path}.gz")  # noqa: PTH105
    os.unlink(path)  # noqa: PTH108


def unpacked(folder: str, stream: str) -> list[str]:
    """Name full files that are not packed."""
    return [
        piece.path
        for piece in pieces(folder, stream)
        if not piece.packed and piece.number != float("inf")
    ]


def clear_drafts(folder: str, stream: str) -> None:
    """Delete what a crash left half packed; only before anything is packed here."""
    for draft in Path(folder).glob(f"{stream}.log.*.gz.part"):
        draft.unlink(missing_ok=True)
