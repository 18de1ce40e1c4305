"""What it means that a request is done once however often it is sent, whatever the way in.

After draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from svcctl.errors import (
    AgentUnreachable,
    Denied,
    Refused,
    SvcctlError,
    Unauthenticated,
    UnknownService,
    UsageError,
)

KEY = "idempotency-key"
REPLAYED = "idempotency-replayed"
"""The header that says of an answer that it was given before."""

_VISIBLE = r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}"
_SHAPE = re.compile(rf'"({_VISIBLE})"|({_VISIBLE})')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request that is to be done once: whose it is, its key, and what tells it from others."""

    actor: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer that can be given again; *operation* is the id of what it only began."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False)
    operation: str = ""


class Fate(StrEnum):
    """What becomes of a key whose request failed."""

    FREE = "nothing was done: it can be used anew"
    KEPT = "it failed, and whoever asks again is told so"
    LOST = "nobody knows what was done"


def key_of(said: Sequence[str]) -> str:
    """Give the key that was *said*, empty where none was; raises UsageError."""
    if not said:
        return ""
    found = _SHAPE.fullmatch(said[0].strip())
    if len(said) > 1 or found is None:
        hint = "up to 255 visible characters, such as a UUID, none of them a comma"
        raise UsageError("the header Idempotency-Key is no key", hint=hint)
    return found[1] or found[2]


def digest_of(*parts: bytes) -> str:
    """Give what tells a request from others: another one wherever a byte of its *parts* differs."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:%b" % (len(part), part))
    return digest.hexdigest()


def fate_of(error: SvcctlError) -> Fate:
    """Say whether a request that failed so was done."""
    match error:
        case AgentUnreachable(asked=False):
            return Fate.FREE
        case AgentUnreachable() | Unauthenticated():  # it was revoked in the middle of it
            return Fate.LOST
        case UsageError() | UnknownService() | Denied() | Refused():
            return Fate.FREE
        case _:
            return Fate.KEPT
