"""Lines of logs on their way to who asked: in parts that are read at once, and as documents."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.observe.logs.query import Line
from svcctl.ports import Document

_BATCH = 500  # lines read between two looks at whether the asker keeps up
_BATCH_BYTES = 128 * 1024  # bytes of lines, which JSON can make six times as long, before that


def line_document(line: Line) -> Document:
    """Give a line of the past in a form JSON can hold."""
    return {
        "at": line.at,
        "service": line.service,
        "instance": line.instance,
        "stream": line.stream,
        "text": line.text.decode(errors="replace"),
    }


def batch(lines: Iterator[Line]) -> list[Line]:
    """Give some of *lines*, as many as are read between two looks at who takes them; blocks."""
    found: list[Line] = []
    size = 0
    while len(found) < _BATCH and size < _BATCH_BYTES and (line := next(lines, None)):
        found.append(line)
        size += len(line.text)
    return found
