"""Which number each field has: what was given once is never given to another.

The committed description itself is where they are kept: a field that is there keeps its number,
one that is gone leaves it reserved, a new one gets the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from svcctl.server.grpc.shapes import FILE, Message

COMMITTED = Path(__file__).parent / FILE
"""The description, as users take it."""

_MESSAGE = re.compile(r"^message (\w+) \{$")
_FIELD = re.compile(r"^  (?:optional |repeated )?(?:map<[\w., ]+>|[\w.]+) (\w+) = (\d+);$")
_RESERVED = re.compile(r'^  reserved (\d+); reserved "(\w+)";$')


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one message: of the fields it has, and of those it had."""

    of: Mapping[str, int] = field(default_factory=dict)
    reserved: Mapping[str, int] = field(default_factory=dict)


@cache
def committed() -> Mapping[str, Numbers]:
    """Give the numbers in the committed description, by message."""
    return read(COMMITTED.read_text(encoding="utf-8"))


def read(text: str) -> dict[str, Numbers]:
    """Give the numbers that a description of ours has, by message."""
    found: dict[str, Numbers] = {}
    fields: dict[str, int] = {}
    reserved: dict[str, int] = {}
    for line in text.splitlines():
        if message := _MESSAGE.match(line):
            fields, reserved = {}, {}
            found[message[1]] = Numbers(fields, reserved)
        elif known := _FIELD.match(line):
            fields[known[1]] = int(known[2])
        elif former := _RESERVED.match(line):
            reserved[former[2]] = int(former[1])
    return found


def numbered(messages: Iterable[Message], known: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Give the numbers of *messages*, where those in *known* were given before."""
    return {each.name: _numbered(each, known.get(each.name, Numbers())) for each in messages}


def _numbered(message: Message, known: Numbers) -> Numbers:
    given = {**known.reserved, **known.of}
    last = max(given.values(), default=0)
    found: dict[str, int] = {}
    for each in message.fields:
        if each.name not in given:
            last += 1
        found[each.name] = given.get(each.name, last)
    return Numbers(found, {name: given[name] for name in given if name not in found})
