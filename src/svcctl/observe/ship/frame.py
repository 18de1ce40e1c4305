"""What is kept on disk for a receiver: blocks of what was written, each with where it is from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import IO
from zlib import crc32

_LONGEST_HEAD = 8192  # bytes: names of services and instances are short


class What(StrEnum):
    """What the content of a frame is."""

    LINES = "lines"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who wrote it."""

    service: str
    instance: str
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Some of what *writer* wrote: whole lines, or one crash report (JSON).

    *at* is when it was captured, seconds since 1970.
    """

    writer: Writer
    at: float
    content: bytes
    what: What = What.LINES

    @property
    def lines(self) -> int:
        """How many lines it has; a crash report counts as one."""
        if self.what is What.CRASH:
            return 1
        return self.content.count(b"\n") + (not self.content.endswith(b"\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A frame as it was found: *before* is how many lines were ever kept before it."""

    frame: Frame
    before: int
    size: int


class Torn(ValueError):
    """What stands in a file is no frame."""


def encoded(frame: Frame, *, before: int) -> bytes:
    """Give the bytes of *frame*: a line of JSON, then its content."""
    writer = frame.writer
    head = {
        "size": len(frame.content),
        "crc": crc32(frame.content),
        "before": before,
        "at": frame.at,
        "what": frame.what,
        "from": [writer.service, writer.instance, writer.stream],
    }
    return b"%b\n%b" % (json.dumps(head, separators=(",", ":")).encode(), frame.content)


def read_frame(file: IO[bytes]) -> Read:
    """Give the frame at which *file* stands; raises Torn where there is none."""
    line = file.readline(_LONGEST_HEAD)
    try:
        head = json.loads(line)
        content = file.read(int(head["size"]))
        service, instance, stream = head["from"]
        if len(content) != head["size"] or crc32(content) != head["crc"]:
            raise Torn("its content is not what was written")
        frame = Frame(
            writer=Writer(service=service, instance=instance, stream=stream),
            at=float(head["at"]),
            content=content,
            what=What(head["what"]),
        )
        return Read(frame=frame, before=int(head["before"]), size=len(line) + len(content))
    except (ValueError, KeyError, TypeError) as error:
        raise Torn(str(error)) from error
