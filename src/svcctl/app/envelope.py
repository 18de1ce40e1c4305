"""What hosts are asked for over a queue, whatever carries it: commands, and what proves them.

A message with a command is ``{"command": TEXT, "key": ID, "signature": BASE64URL}``, or
``{"command": TEXT, "token": JWT}`` where the host takes tokens.  TEXT is JSON itself, and what is
signed, byte for byte (see :mod:`svcctl.auth.sealing`); it has every field of :class:`Command`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from svcctl.app.strict_json import strict_json
from svcctl.errors import UsageError
from svcctl.ports import Document
from svcctl.wire import Selection, decode_selection

LARGEST = 1024 * 1024
"""Bytes a message may have."""

LONGEST = 7 * 86_400
"""Seconds a command may wait to be done, at most."""

_WORD = r"[A-Za-z0-9_-]"
_ID = re.compile(rf"{_WORD}{{16,64}}")
_REPLY = re.compile(rf"{_WORD}{{1,64}}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
_LATEST = 2**40  # seconds since 1970
_FIELDS = frozenset(
    ("id", "host", "reply", "verb", "select", "args", "issued_at", "expires_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something asked of one *host*, once: whoever sends it again sends the same *id*.

    *reply* is the last word of the subject its reply is sent to.  Both times are in whole seconds
    since 1970; after *expires_at* it is not begun any more.
    """

    id: str
    host: str
    reply: str
    verb: str
    select: Selection = field(default_factory=Selection)
    args: Mapping[str, object] = field(default_factory=dict)
    issued_at: int
    expires_at: int

    def text(self) -> str:
        """Give what is signed and sent."""
        return json_text(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A command as it came: its *text*, and what is to show who sent it. Nothing is proven yet."""

    command: Command
    text: str
    key: str = ""
    signature: str = ""
    token: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def encode(self) -> bytes:
        """Give the message."""
        proof = {"token": self.token} if self.token else _proof(self.key, self.signature)
        return json_text({"command": self.text, **proof}).encode()


def decode_command(body: bytes) -> Sealed:
    """Read a message with a command, of which nothing is proven yet; raises UsageError."""
    document = json_object(body, what="the message", most=LARGEST)
    text, token = document.get("command"), document.get("token", "")
    key, signature = document.get("key", ""), document.get("signature", "")
    texts = (text, token, key, signature)
    if not all(isinstance(each, str) for each in texts) or not text:
        raise UsageError("the message has no command")
    if document.keys() - {"command", "token", "key", "signature"}:
        raise UsageError("the message has more in it than a command and its proof")
    return Sealed(
        command=_command(json_object(str(text), what="the command", most=LARGEST)),
        text=str(text),
        key=str(key),
        signature=str(signature),
        token=str(token),
    )


def json_object(content: bytes | str, *, what: str, most: int) -> Document:
    """Read a JSON object of at most so many bytes; raises UsageError, which speaks of *what*."""
    if len(content) > most:
        raise UsageError(f"{what} has more than {most} bytes")
    found = strict_json(content, what=what)
    if not isinstance(found, dict):
        raise UsageError(f"{what} is no JSON object")
    return found


def json_text(document: object) -> str:
    """Give the JSON of *document* as it is signed and sent."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def insist_on_host(name: str) -> str:
    """Give *name*, or raise UsageError where no host can be called so."""
    if not _HOST.fullmatch(name):
        hint = "small letters, digits, '.', '_' and '-', 63 characters at most"
        raise UsageError(f"{name!r:.100} cannot name a host", hint=hint)
    return name


def _command(document: Mapping[str, object]) -> Command:
    if unknown := document.keys() ^ _FIELDS:
        raise UsageError(f"a command has every one of its fields, and no others: {_few(unknown)}")
    match document:
        case {
            "id": str(id_),
            "host": str(host),
            "reply": str(reply),
            "verb": str(verb),
            "args": dict(args),
            "issued_at": int(issued),
            "expires_at": int(expires),
        } if _ID.fullmatch(id_) and _REPLY.fullmatch(reply) and 0 < len(verb) <= 64:
            if isinstance(issued, bool) or isinstance(expires, bool):
                raise UsageError("times are whole seconds since 1970")
            if not 0 <= issued <= expires <= _LATEST:
                raise UsageError("a command expires after it is issued")
            return Command(
                id=id_,
                host=insist_on_host(host),
                reply=reply,
                verb=verb,
                select=decode_selection(document["select"]),
                args=args,
                issued_at=int(issued),
                expires_at=int(expires),
            )
        case _:
            raise UsageError(
                "a field of the command is not what it should be",
                hint="id: 16 to 64 and reply: 1 to 64 of A-Z, a-z, 0-9, '_' and '-'; "
                "times: whole seconds since 1970",
            )


def _few(names: set[str]) -> str:
    return ", ".join(f"{each!r:.40}" for each in sorted(names)[:5])


def _proof(key: str, signature: str) -> dict[str, str]:
    return {"key": key, "signature": signature} if key else {}
