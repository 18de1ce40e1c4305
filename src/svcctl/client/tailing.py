"""Follows a file that a service writes itself: nobody tells us when something comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

_LOOK_AGAIN = 0.5  # seconds


def follow(path: Path, begin: int) -> Iterator[bytes]:
    """Give every line of the file *path* that ends after the first *begin* bytes, for ever.

    One that is not there yet is waited for; one that has become shorter was begun anew.
    """
    place, rest = begin, b""
    while True:
        size = size_of(path)
        if size < place:
            place, rest = 0, b""
        if size == place:
            time.sleep(_LOOK_AGAIN)
            continue
        with path.open("rb") as file:
            file.seek(place)
            found = file.read(size - place)
        place += len(found)
        *lines, rest = (rest + found).split(b"\n")
        yield from (each.removesuffix(b"\r") for each in lines)


def size_of(path: Path) -> int:
    """Give the bytes in the file *path*; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
