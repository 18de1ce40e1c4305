"""The words that messages are described with, before they are text or descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PACKAGE = "svcctl.v1"
FILE = "svcctl_v1.proto"
"""The description; in Python, stubs in a folder ``svcctl`` would hide behind this package."""
SERVICE = "Control"
KEYS = {"duration": "for", "read_from": "from"}
"""Fields that cannot be called as arguments and results are: many languages reserve these."""


class Form(StrEnum):
    """What a field holds, in the words of proto3, unless it holds a message of ours."""

    TEXT = "string"
    WHOLE = "int64"
    SMALL = "int32"
    NUMBER = "double"
    FLAG = "bool"
    TIME = "google.protobuf.Timestamp"
    SPAN = "google.protobuf.Duration"
    OBJECT = "google.protobuf.Struct"
    VALUE = "google.protobuf.Value"

    @property
    def is_message(self) -> bool:
        """It is one of Google's messages, not a scalar."""
        return "." in self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; *of* is what it holds, or the name of a message of ours.

    *many*: any number of them.  *maybe*: not being there is told from being empty.  *keyed*: by
    texts, each once.
    """

    name: str
    of: Form | str
    doc: str = ""
    many: bool = False
    maybe: bool = False
    keyed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message and its fields, in the order they are read in."""

    name: str
    doc: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One RPC, from *request* to *reply*; *streams*: to any number of replies.

    *verb* is what it asks for.  *within* is the field of the reply that the verb's result, a list,
    or its items become; empty where the result is the reply.
    """

    name: str
    verb: str
    request: Message
    reply: Message
    doc: str
    streams: bool = False
    within: str = ""

    @property
    def path(self) -> str:
        """What it is called on the wire."""
        return f"/{PACKAGE}.{SERVICE}/{self.name}"


def text(name: str, doc: str = "") -> Field:
    """Describe a text."""
    return Field(name=name, of=Form.TEXT, doc=doc)


def texts(name: str, doc: str = "") -> Field:
    """Describe any number of texts."""
    return Field(name=name, of=Form.TEXT, doc=doc, many=True)


def whole(name: str, doc: str = "") -> Field:
    """Describe a whole number."""
    return Field(name=name, of=Form.WHOLE, doc=doc)


def number(name: str, doc: str = "") -> Field:
    """Describe a number."""
    return Field(name=name, of=Form.NUMBER, doc=doc)


def flag(name: str, doc: str = "") -> Field:
    """Describe what is so or not."""
    return Field(name=name, of=Form.FLAG, doc=doc)


def time(name: str, doc: str = "") -> Field:
    """Describe a point in time, which need not be there."""
    return Field(name=name, of=Form.TIME, doc=doc)


def document(name: str, doc: str = "") -> Field:
    """Describe what has no fixed shape, but names."""
    return Field(name=name, of=Form.OBJECT, doc=doc)


def value(name: str, doc: str = "") -> Field:
    """Describe what has no shape at all."""
    return Field(name=name, of=Form.VALUE, doc=doc)


def many(name: str, of: Message, doc: str = "") -> Field:
    """Describe any number of messages."""
    return Field(name=name, of=of.name, doc=doc, many=True)


def labels(name: str, doc: str = "", *, of: Form | str = Form.TEXT) -> Field:
    """Describe what goes by names."""
    return Field(name=name, of=of, doc=doc, keyed=True)


def maybe(field: Field) -> Field:
    """Describe *field*, which need not be there."""
    return Field(
        name=field.name, of=field.of, doc=field.doc, many=field.many, maybe=True, keyed=field.keyed
    )
