"""Files that are there whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import os


def read(path: str) -> bytes | None:
    """Give what stands in *path*, None where there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write(path: str, content: bytes, *, mode: int = 0o644) -> None:
    """Put *content* there in one step; a power failure after that does not undo it (POSIX)."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    draft = os.path.join(folder, f".{os.path.basename(path)}.new")
    delete(draft)  # what a crash left may be open to others
    with open(draft, "wb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
        if hasattr(os, "fchmod"):  # whatever the umask is
            os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    if hasattr(os, "O_DIRECTORY"):  # Windows opens no folder
        _settle(folder)


def _settle(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def delete(path: str) -> None:
    """Take a file away; one that is not there is no error."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
