"""Reads an event stream: bytes as they come, whole events out, in bounded memory.

After https://html.spec.whatwg.org/multipage/server-sent-events.html, of which a stream of ours
uses ``id``, ``event``, ``data`` and ``retry``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from svcctl.errors import AgentUnreachable

LONGEST = 16 * 1024 * 1024
"""Bytes an event may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event; *id* is where to go on after it, as the stream said last."""

    kind: str
    text: str
    id: str = ""


def stream_events(chunks: Iterable[bytes]) -> Iterator[StreamEvent]:
    """Give each whole event of *chunks*; what is left at the end was cut off and is none.

    Raises AgentUnreachable for an event that is too long.
    """
    kind, last_id = "", ""
    texts: list[str] = []
    size = 0
    for line in _lines(chunks):
        size += len(line)
        if size > LONGEST:
            raise _too_long()
        if not line:
            if texts:
                yield StreamEvent(kind=kind or "message", text="\n".join(texts), id=last_id)
            kind, texts, size = "", [], 0
            continue
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                texts.append(value)
            case "event":
                kind = value
            case "id" if "\0" not in value:
                last_id = value
            case _:
                continue


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give lines without their ends, which are LF or CR LF here."""
    begun: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for each in whole:
            yield b"".join([*begun, each]).removesuffix(b"\r")
            begun, size = [], 0
        if rest:
            begun.append(rest)
            size += len(rest)
        if size > LONGEST:
            raise _too_long()


def _too_long() -> AgentUnreachable:
    return AgentUnreachable(f"an event of the stream has more than {LONGEST // 1024**2} MiB")
