"""How much one command may ask for, and how much its reply may hold."""

from __future__ import annotations

from dataclasses import replace

from svcctl.app.envelope import Command
from svcctl.app.statements import Reply, State
from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.errors import LimitReached, UsageError
from svcctl.ports import Document

LARGEST_REPLY = 8 * 1024 * 1024
"""Bytes a reply may have."""

_ITEMS = 10_000


class Items:
    """Keeps the items of a verb; counts those that are too many."""

    def __init__(self) -> None:
        self.kept: list[object] = []
        self.dropped = 0

    def __call__(self, item: object) -> None:
        """Keep *item*."""
        if len(self.kept) < _ITEMS:
            self.kept.append(item)
        else:
            self.dropped += 1

    def insist_on_all(self) -> None:
        """Raise LimitReached where there were too many."""
        if self.dropped:
            raise LimitReached(
                f"there are {_ITEMS + self.dropped} items, and {_ITEMS} are the most in a reply",
                hint="ask for less",
            )

    async def room(self) -> None:
        """Always."""


def changes(command: Command) -> bool:
    """Whether it is for more than a look; a verb nobody knows might be."""
    verb = find(command.verb)
    return verb is None or verb.effect is not Effect.READ


def bounded(command: Command, within: float) -> Document:
    """Give the arguments, which let nobody wait longer than *within*; raises UsageError."""
    args, verb = dict(command.args), find(command.verb)
    if args.get("follow"):
        raise UsageError("'follow' has no end", hint="events are published as they happen")
    if verb is None or not verb.waits or args.get("no_wait"):
        return args
    given = args.get("timeout")
    if given is None:
        return args | {"timeout": within}
    return args | {"timeout": min(given, within)} if isinstance(given, int | float) else args


def fitting(command: Command, reply: Reply) -> bytes:
    """Give the text of *reply*, or of one that says that it would have been too large."""
    body = reply.text().encode()
    if len(body) <= LARGEST_REPLY:
        return body
    if changes(command):
        return replace(reply, result={"left_out_bytes": len(body)}, items=()).text().encode()
    problem = f"the reply has {len(body)} bytes, and {LARGEST_REPLY} are the most"
    error = LimitReached(problem, hint="ask for less")
    return replace(reply, state=State.FAILED, result=None, items=(), error=error).text().encode()
