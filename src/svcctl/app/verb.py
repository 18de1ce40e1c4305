"""What a verb is: the words of the table that every way in derives from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a verb does to the world."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"


class Role(StrEnum):
    """The least role that may use a verb."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DEPLOYER = "deployer"
    ADMIN = "admin"


class Selects(StrEnum):
    """Which services a verb is about: none, one, some that must be named, or any (all)."""

    NONE = "none"
    ONE = "one"
    SOME = "some"
    ANY = "any"


class Kind(StrEnum):
    """The type of an argument."""

    TEXT = "text"
    INTEGER = "integer"
    FLAG = "flag"
    DURATION = "duration"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument of a verb; *choices* limits a text, *short* is its one-letter flag."""

    name: str
    kind: Kind
    help: str
    default: object = None
    short: str = ""
    choices: tuple[str, ...] = ()
    positional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be asked for.

    *waits*: comes back when the outcome is known, unless asked with ``no_wait``.
    *streams*: answers with items until it is over or the asker hangs up.
    *shared*: what it answers depends on what is asked alone, not on who asks: those who ask for the
    same at once may be given the same, each as far as they may see it.
    *local_only*: never answered to who asks from another machine, whatever they may.
    """

    name: str
    summary: str
    effect: Effect
    role: Role
    selects: Selects
    args: tuple[Arg, ...] = ()
    examples: tuple[str, ...] = ()
    waits: bool = False
    streams: bool = False
    shared: bool = False
    local_only: bool = False


NO_WAIT = Arg(name="no_wait", kind=Kind.FLAG, help="do not wait for the outcome", default=False)
TIMEOUT = Arg(
    name="timeout", kind=Kind.DURATION, help="give up waiting after this long; the work goes on"
)
WAITING = (NO_WAIT, TIMEOUT)
"""The arguments of verbs that wait."""
REASON = Arg(name="reason", kind=Kind.TEXT, help="why, for the audit log")
"""What every verb that changes something can be told."""


def change(name: str, summary: str, *args: Arg, examples: tuple[str, ...]) -> Verb:
    """Give a verb that changes the services it must be told of, and waits for the outcome."""
    return Verb(
        name=name,
        summary=summary,
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.SOME,
        args=(*args, *WAITING),
        examples=examples,
        waits=True,
    )
