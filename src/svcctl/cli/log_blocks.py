"""Reads logs from the beginning, packed or not, for those who replay them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import IO, cast

from svcctl.errors import SystemFault, quoted

_BLOCK = 1 << 20


def blocks(logs: Iterable[str]) -> Iterator[bytes]:
    """Give what *logs* hold, those that are packed unpacked; each ends with a whole line.

    ``-`` is the standard input.  Raises SystemFault for what cannot be read.
    """
    import zlib  # noqa: PLC0415 - few logs are packed

    for path in logs:
        end = b"\n"
        try:
            with _opened(path) as file:
                while block := file.read(_BLOCK):
                    end = block[-1:]
                    yield block
        except (OSError, EOFError, zlib.error) as error:
            said = getattr(error, "strerror", None) or error
            problem = f"cannot read {quoted(path)}: {said}"
            raise SystemFault(problem) from error
        if end != b"\n":
            yield b"\n"


def _opened(path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    if path.endswith(".gz"):
        import gzip  # noqa: PLC0415 - few logs are packed

        return cast("IO[bytes]", gzip.open(path))
    return open(path, "rb")  # noqa: PTH123 - whoever asks closes it
