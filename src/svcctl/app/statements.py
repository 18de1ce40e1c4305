"""What hosts say over a queue, whatever carries it: replies and events, and what proves them.

A message is ``{"reply": TEXT, "key": PUBLIC, "signature": BASE64URL}``, or the same with ``event``.
TEXT is JSON itself, and what is signed, byte for byte (see :mod:`svcctl.auth.sealing`); PUBLIC is
the public half of the host's key, base64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from svcctl.app.envelope import json_object, json_text
from svcctl.auth.sealing import Purpose
from svcctl.errors import SvcctlError, UsageError
from svcctl.ports import Document
from svcctl.wire import error_document, to_error

LARGEST_STATEMENT = 32 * 1024 * 1024
"""Bytes a message may have: a reply, and a backslash before every other character of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a host said, as it came: its *text*, and what is to show which host did.

    Nothing is proven yet; *key* and *signature* are empty where nobody signed it.
    """

    purpose: Purpose
    text: str
    key: str = ""
    signature: str = ""

    def encode(self) -> bytes:
        """Give the message."""
        proof = {"key": self.key, "signature": self.signature} if self.key else {}
        return json_text({str(self.purpose): self.text, **proof}).encode()


class State(StrEnum):
    """What became of a command; ``unknown``: whoever did it was interrupted."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of the command of that *id* whose text has the *digest*, at that time."""

    id: str
    host: str
    digest: str
    at: float
    state: State
    result: object = None
    items: tuple[object, ...] = ()
    error: SvcctlError | None = None

    def text(self) -> str:
        """Give what is signed and sent."""
        document: Document = {
            "id": self.id,
            "host": self.host,
            "digest": self.digest,
            "at": self.at,
            "state": str(self.state),
            "result": self.result,
            "items": list(self.items),
        }
        if self.error:
            document["error"] = error_document(self.error)
        return json_text(document)

    def value(self) -> object:
        """Give the result; raises the error where there is one."""
        if self.error:
            raise self.error
        return self.result


def event_text(host: str, event: Mapping[str, object]) -> str:
    """Give what tells what happened on *host*: *event* as the agent tells it."""
    return json_text({**event, "host": host})


def decode_statement(body: bytes, purpose: Purpose) -> Statement:
    """Read a message that a host may have sent, of which nothing is proven; raises UsageError."""
    names = (str(purpose), "key", "signature")
    document = json_object(body, what="the message", most=LARGEST_STATEMENT)
    match [document.pop(name, "") for name in names]:
        case [str(text), str(key), str(signature)] if text and not document:
            return Statement(purpose=purpose, text=text, key=key, signature=signature)
        case _:
            raise UsageError(f"the message is no {purpose} and its proof")


def decode_reply(text: str) -> Reply:
    """Read the text of a reply; raises UsageError."""
    match json_object(text, what="the reply", most=LARGEST_STATEMENT):
        case {
            "id": str(id_),
            "host": str(host),
            "digest": str(digest),
            "at": float() | int() as at,
            "state": "done" | "failed" | "unknown" as state,
            "items": [*items],
            **rest,
        }:
            error = rest.get("error")
            return Reply(
                id=id_,
                host=host,
                digest=digest,
                at=float(at),
                state=State(state),
                result=rest.get("result"),
                items=tuple(items),
                error=to_error(error) if isinstance(error, dict) else None,
            )
        case _:
            raise UsageError("the message is no reply")


def decode_event(text: str) -> Document:
    """Read the text of an event; raises UsageError."""
    found = json_object(text, what="the event", most=LARGEST_STATEMENT)
    if not isinstance(found.get("host"), str):
        raise UsageError("the event is of no host")
    return found
