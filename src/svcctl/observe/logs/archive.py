"""What becomes of log files that are full: numbered, compressed, in the end deleted."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable

from svcctl.observe.logs.files import Piece, pieces
from svcctl.observe.logs.shared import open_to_read

log = logging.getLogger(__name__)

_LEVEL = 3  # of gzip: most of the gain for a third of the time of the default


def next_name(path: str, present: Iterable[Piece]) -> str:
    """Give the name under which the full file *path* is kept."""
    numbers = [int(piece.number) for piece in present if piece.full]
    return f"{path}.{max(numbers, default=0) + 1:06d}"


def prune(folder: str, stream: str, *, keep: int, older_than: float | None) -> None:
    """Delete the oldest files of *stream*: all but *keep*, and those last written too long ago."""
    full = [piece for piece in pieces(folder, stream) if piece.full]
    doomed = full[: len(full) - keep] if len(full) > keep else []
    if older_than is not None:
        doomed += [piece for piece in full if _written(piece.path) < older_than]
    for piece in doomed:
        plain = piece.path.removesuffix(".gz")
        # the log last: while it is there, a deletion that was interrupted is taken up again
        for path in (piece.index, f"{plain}.gz", plain):
            _unlink(path)


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
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
        try:
            threading.Thread(target=self._work, name="packer", daemon=True).start()
        except RuntimeError as error:  # the machine has no thread to give: the next time will do
            self._working = False
            log.warning("logs.not-packed", extra={"problem": str(error)})

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
    with open_to_read(path) as plain:
        with open(draft, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
                shutil.copyfileobj(plain, packed, 256 * 1024)
            raw.flush()
            os.fsync(raw.fileno())
        stat = os.fstat(plain.fileno())
    os.chmod(draft, stat.st_mode & 0o777)
    os.utime(draft, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.rename(draft, f"{path}.gz")
    os.unlink(path)


def to_pack(folder: str, stream: str, *, begin: bool) -> list[str]:
    """Name full files that are not packed; without *begin* only those a crash left half done."""
    plain = [piece.path for piece in pieces(folder, stream) if piece.full and not piece.packed]
    return [path for path in plain if begin or os.path.exists(f"{path}.gz")]


def tidy(folder: str, stream: str) -> None:
    """Set right what a crash left behind; to be called before the stream is opened.

    Drafts of packed files go.  An index whose log is not there belongs to the file being written,
    if it has the next number (a rotation renames the index first), else to one that was deleted.
    """
    names = set(os.listdir(folder))
    current = f"{stream}.log"
    present = pieces(folder, stream)
    upcoming = f"{next_name(current, present)}.idx"
    known = {os.path.basename(piece.index) for piece in present}
    for name in names:
        path = os.path.join(folder, name)
        if not name.startswith(f"{current}."):
            continue
        if name.endswith(".gz.part"):
            _unlink(path)
        elif name == upcoming and current in names and f"{current}.idx" not in names:
            os.rename(path, os.path.join(folder, f"{current}.idx"))
        elif name.endswith(".idx") and name not in known and name != f"{current}.idx":
            _unlink(path)


def _unlink(path: str) -> None:
    """Delete a file that need not be there; on Windows one that is being read stays for now."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except PermissionError as error:
        if not getattr(error, "winerror", 0):
            raise
