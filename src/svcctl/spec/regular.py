"""Reads the regular expressions that rules may use: those which a finite automaton can match.

The notation is that of Python's ``re``, over the text of one line.  What only backtracking can
decide (references to groups, looking around) is refused, so that no line ever takes long.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from svcctl.errors import SpecError
from svcctl.spec.notation import parse_regex, show

LARGEST = 2000
"""Characters that a pattern may have once its repetitions are written out."""

_KEPT = re.IGNORECASE | re.ASCII
_NO_BACKTRACKING = {
    "GROUPREF": "refers back to a group",
    "GROUPREF_EXISTS": "asks whether a group has matched",
    "ASSERT": "looks ahead or behind",
    "ASSERT_NOT": "looks ahead or behind",
    "POSSESSIVE_REPEAT": "has a possessive repetition",
    "ATOMIC_GROUP": "has an atomic group",
}
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class Place(StrEnum):
    """Where something may stand that takes no character itself."""

    START = "start"
    END = "end"
    BOUNDARY = "boundary"
    NO_BOUNDARY = "no boundary"


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set: *text* in the notation of ``re``, read with *flags*.

    *literal* is the character where there is but one.
    """

    text: str
    flags: int = 0
    literal: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """Nothing, at a certain place; *ascii*: words are made of ASCII letters only."""

    place: Place
    ascii: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """One after the other."""

    links: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What is told of afterwards, under its *number*."""

    number: int
    node: Node


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same from *least* to *most* times (None: without an end); *lazy*: rather fewer."""

    node: Node
    least: int
    most: int | None
    lazy: bool = False


Node = Chars | Edge | Chain | Choice | Group | Repeat


@dataclass(frozen=True, slots=True)
class Regular:
    """A pattern, what it is made of, and the numbers of its groups by name; ``1`` is a name too."""

    pattern: str
    node: Node
    groups: Mapping[str, int]


def parse_regular(pattern: str) -> Regular:
    """Read *pattern*; raises SpecError where it is none, needs backtracking or is too large."""
    parse_regex(pattern)
    parser: Any = import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(pattern)
        node = _chain(tree, tree.state.flags)
        size = _size(node)
    except _NotRegularError as error:
        hint = 'write the pattern without it; unless = "PATTERN" says what must not be in a line'
        raise SpecError(f"{show(pattern)} {error}, which rules cannot", hint=hint) from error
    except RecursionError as error:
        raise SpecError(f"{show(pattern)} is nested too deeply") from error
    if size > LARGEST:
        hint = "repeat fewer times, or without a limit: + and * cost nothing"
        problem = f"{show(pattern)} is {size} characters long once its repetitions are written out"
        raise SpecError(f"{problem}, and {LARGEST} are the most", hint=hint)
    numbers = {str(number): number for number in range(1, tree.state.groups)}
    return Regular(pattern, node, numbers | tree.state.groupdict)


class _NotRegularError(Exception):
    """Ends the reading; says what the pattern does."""


def _chain(items: Any, flags: int) -> Node:  # noqa: ANN401 - re has no types for it
    links: list[Node] = []
    for operator, argument in items:
        node = _node(str(operator), argument, flags)
        links += node.links if isinstance(node, Chain) else (node,)
    return links[0] if len(links) == 1 else Chain(tuple(links))


def _node(operator: str, argument: Any, flags: int) -> Node:  # noqa: ANN401 - as above
    kept = int(flags & _KEPT)
    match operator:
        case "LITERAL":
            text, plain = _sign(argument), not kept & re.IGNORECASE
            return Chars(text, kept, chr(argument) if plain else "")
        case "NOT_LITERAL":
            return Chars(f"[^{_sign(argument)}]", kept)
        case "ANY":
            return Chars(".", kept)
        case "IN":
            return Chars(f"[{''.join(_in_set(str(op), value) for op, value in argument)}]", kept)
        case "AT":
            return _edge(str(argument), ascii_only=bool(kept & re.ASCII))
        case "BRANCH":
            return Choice(tuple(_chain(each, flags) for each in argument[1]))
        case "SUBPATTERN":
            group, more, less, inner = argument
            inside = _chain(inner, (flags | more) & ~less)
            return inside if group is None else Group(group, inside)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            endless = str(most) == "MAXREPEAT"
            lazy = operator == "MIN_REPEAT"
            return Repeat(_chain(inner, flags), int(least), None if endless else int(most), lazy)
    raise _NotRegularError(_NO_BACKTRACKING.get(operator, f"has a {operator}"))


def _in_set(operator: str, value: Any) -> str:  # noqa: ANN401 - as above
    match operator:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return _sign(value)
        case "RANGE":
            return f"{_sign(value[0])}-{_sign(value[1])}"
    return _CATEGORIES[str(value)]


def _sign(code: int) -> str:
    return f"\\U{code:08x}"


def _edge(at: str, *, ascii_only: bool) -> Edge:
    match at:
        case "AT_BOUNDARY":
            return Edge(Place.BOUNDARY, ascii_only)
        case "AT_NON_BOUNDARY":
            return Edge(Place.NO_BOUNDARY, ascii_only)
    return Edge(Place.START if "BEGINNING" in at else Place.END)


def _size(node: Node) -> int:
    match node:
        case Chain(parts) | Choice(parts):
            return 1 + sum(map(_size, parts))
        case Repeat(inner, least, most):
            return 1 + _size(inner) * max(least, most or 0, 1)
        case Group(_, inner):
            return 1 + _size(inner)
    return 1
