"""An open file, packed or not, that can be read from any place while others move or delete it."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, Self, cast

from svcctl.observe.logs.shared import open_shared, open_to_read, read_at
from svcctl.observe.logs.tail.mark import BEFORE, HEAD, Mark, make_mark
from svcctl.observe.logs.tail.names import is_packed


class Damaged(OSError):
    """A packed file that cannot be read, perhaps because it is not whole yet."""


class Plain:
    """A file as it is."""

    def __init__(self, path: str) -> None:
        """Open it; raises OSError."""
        self._descriptor = open_shared(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))

    def state(self) -> os.stat_result:
        """Say how it is now."""
        return os.fstat(self._descriptor)

    def size(self) -> int:
        """Give the bytes it has."""
        return self.state().st_size

    def read(self, count: int, offset: int) -> bytes:
        """Give at most *count* bytes from *offset*."""
        return read_at(self._descriptor, count, offset)

    def next_content(self, offset: int) -> int:
        """Give where bytes that were written begin, at *offset* or after it, see lseek(2)."""
        if not hasattr(os, "SEEK_DATA"):
            return offset
        try:
            return os.lseek(self._descriptor, offset, os.SEEK_DATA)
        except OSError:  # nothing but a hole up to the end, or no such call
            return offset

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


class Packed:
    """A packed file; going back in it means to unpack it once more."""

    def __init__(self, path: str) -> None:
        """Open it; raises OSError."""
        self._raw = open_to_read(path)
        self._file = _unpacking(self._raw, path)

    def state(self) -> os.stat_result:
        """Say how it is now."""
        return os.fstat(self._raw.fileno())

    def size(self) -> int:
        """Give the bytes it has on disk: what they unpack to is seen at the end."""
        return self.state().st_size

    def read(self, count: int, offset: int) -> bytes:
        """Give at most *count* bytes from *offset*; raises Damaged."""
        import lzma  # noqa: PLC0415 - few files are packed
        import zlib  # noqa: PLC0415

        try:
            self._file.seek(offset)
            return self._file.read(count)
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            raise Damaged(str(error)) from error

    def next_content(self, offset: int) -> int:
        """Give *offset*: a packed file has no holes."""
        return offset

    def close(self) -> None:
        """Let go."""
        self._file.close()
        self._raw.close()


def _unpacking(raw: IO[bytes], path: str) -> IO[bytes]:
    if path.endswith(".gz"):
        import gzip  # noqa: PLC0415 - not before a packed file is read

        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if path.endswith(".bz2"):
        import bz2  # noqa: PLC0415

        return cast("IO[bytes]", bz2.BZ2File(raw))
    import lzma  # noqa: PLC0415

    return cast("IO[bytes]", lzma.LZMAFile(raw))


class Opened:
    """An open file and which one it is; :meth:`kept` says that it outlives who opened it."""

    def __init__(self, path: str) -> None:
        """Open *path*; raises OSError, also where it is no regular file."""
        self.path, self.packed = path, is_packed(path)
        self.content: Plain | Packed = Packed(path) if self.packed else Plain(path)
        state = self.content.state()
        if not stat.S_ISREG(state.st_mode):
            self.content.close()
            raise OSError(errno.EINVAL, "no regular file", path)
        self.device, self.inode, self.changed_ns = state.st_dev, state.st_ino, state.st_mtime_ns
        self.is_kept = False

    def kept(self) -> Self:
        """Leave it to the caller to close *content*."""
        self.is_kept = True
        return self

    def mark_at(self, offset: int) -> Mark:
        """Mark it as read up to *offset*."""
        return make_mark(
            (self.device, self.inode, self.changed_ns),
            offset=offset,
            head=self.content.read(min(HEAD, offset), 0),
            before=self.content.read(min(BEFORE, offset), max(0, offset - BEFORE)),
            skipping=False,
        )
