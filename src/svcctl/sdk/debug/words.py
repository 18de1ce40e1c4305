"""How the debugger and the service it runs write to each other: a JSON object a line."""

from __future__ import annotations

import json

from svcctl.ports import Document, HostPhase
from svcctl.sdk.debug.exchange import (
    Answered,
    Connected,
    Input,
    Reloading,
    Send,
    StatusSet,
    Told,
)


def dump(message: Input) -> bytes:
    """Give what the service says as a line; raises ValueError for what it never says."""
    match message:
        case Told(phase=phase, text=text):
            return _line({"told": phase, "text": text})
        case Reloading(over=over):
            return _line({"reloading": over})
        case Connected():
            return _line({"connected": True})
        case StatusSet(members=members):
            return _line({"status": members})
        case Answered(result=result):
            return _line({"answered": result})
        case _:
            raise ValueError(f"a service does not say {message!r}")


def load(line: bytes) -> Input:
    """Read what the service said; raises ValueError for anything else."""
    match json.loads(line):
        case {"told": str(phase), "text": str(text)}:
            return Told(phase=HostPhase(phase), text=text)
        case {"reloading": bool(over)}:
            return Reloading(over=over)
        case {"connected": True}:
            return Connected()
        case {"status": list(members)} if len(members) == 7:
            return StatusSet(members=tuple(int(each) for each in members))
        case {"answered": int(result)}:
            return Answered(result=result)
        case _:
            raise ValueError(f"{line!r} is not of a service")


def dump_order(order: Send) -> bytes:
    """Give what the service is told, as a line."""
    return _line({"word": order.word, "code": order.code})


def load_order(line: bytes) -> Send:
    """Read what the service is told; raises ValueError for anything else."""
    match json.loads(line):
        case {"word": str(word), "code": int(code)}:
            return Send(word=word, code=code)
        case _:
            raise ValueError(f"{line!r} is no order")


def _line(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
