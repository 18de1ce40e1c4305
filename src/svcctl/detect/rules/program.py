"""A pattern as the steps of a machine that reads a line character by character, once.

As K. Thompson, Regular Expression Search Algorithm (CACM 11:6, 1968), and R. Cox describe them:
https://swtch.com/~rsc/regexp/regexp2.html
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

from svcctl.spec.regular import Chain, Chars, Choice, Edge, Group, Node, Place, Repeat

NO_WORD, WORD, ASCII_WORD, OUTSIDE = 0, 1, 3, 4
"""What can stand on one side of a place: a character of that kind, or (outside) none at all."""

_IN_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Take:
    """Goes on at *then* with any character that *chars* has."""

    chars: re.Pattern[str]
    then: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Goes on at *then* where the place is right."""

    edge: Edge
    then: int


@dataclass(frozen=True, slots=True)
class Save:
    """Notes in a *slot* how far the line has been read, and goes on at *then*."""

    slot: int
    then: int


@dataclass(slots=True)
class Fork:
    """Goes on at each of *targets*, rather at the first."""

    targets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The pattern is in the line."""


Step = Take | Pass | Save | Fork | Found


@dataclass(frozen=True, slots=True)
class Program:
    """The *steps*, of which the one at 0 is Found, and the number of the one it begins with."""

    steps: tuple[Step, ...]
    begin: int


def program(node: Node) -> Program:
    """Give the program that finds *node*."""
    writer = _Writer()
    begin = writer.write(node, 0)
    return Program(tuple(writer.steps), begin)


def kind(sign: str) -> int:
    """Give what a character is to the word boundaries beside it."""
    if not _IN_WORD.match(sign):
        return NO_WORD
    return ASCII_WORD if sign.isascii() else WORD


def holds(edge: Edge, before: int, after: int) -> bool:
    """Say whether the place between *before* and *after* is the right one."""
    match edge.place:
        case Place.START:
            return before == OUTSIDE
        case Place.END:
            return after == OUTSIDE
    word = 2 if edge.ascii else 1
    is_boundary = bool(before & word) != bool(after & word)
    return is_boundary == (edge.place is Place.BOUNDARY)


class _Writer:
    """Writes steps from the last to the first."""

    def __init__(self) -> None:
        self.steps: list[Step] = [Found()]

    def write(self, node: Node, then: int) -> int:
        """Write the steps of *node* that lead to *then*; give the first of them."""
        match node:
            case Chars(text, flags):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return self._add(Take(re.compile(text, flags), then))
            case Edge():
                return self._add(Pass(node, then))
            case Chain(links):
                for link in reversed(links):
                    then = self.write(link, then)
                return then
            case Choice(options):
                return self._add(Fork(tuple(self.write(each, then) for each in options)))
            case Group(number, inner):
                end = self._add(Save(2 * number - 1, then))
                return self._add(Save(2 * number - 2, self.write(inner, end)))
            case Repeat():
                return self._repeat(node, then)

    def _repeat(self, repeat: Repeat, then: int) -> int:
        if repeat.most is None:
            again = Fork()
            end, then = then, self._add(again)
            again.targets = _ordered(repeat, self.write(repeat.node, then), end)
        else:
            end = then
            for _ in range(repeat.most - repeat.least):
                once_more = self.write(repeat.node, then)
                then = self._add(Fork(_ordered(repeat, once_more, end)))
        for _ in range(repeat.least):
            then = self.write(repeat.node, then)
        return then

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


def _ordered(repeat: Repeat, more: int, enough: int) -> tuple[int, int]:
    return (enough, more) if repeat.lazy else (more, enough)
