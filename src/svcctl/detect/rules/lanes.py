"""Finds where in a block of lines a pattern may be, with the quickest library that is there.

A lane may say too much and never too little: whoever asks confirms each hit on its own line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from svcctl.detect.rules.widening import Literals, literals, widened
from svcctl.errors import UsageError
from svcctl.spec.regular import Node

Spot = tuple[int, int]
"""A place within a line of a block, and the number of the pattern that may be in that line."""


class Lane(Protocol):
    """Looks for many patterns at once."""

    name: str
    every_line: tuple[int, ...]
    """The numbers of patterns it knows nothing of: any line may have them."""

    def spots(self, block: bytes) -> Iterable[Spot]:
        """Give at least one place in each line that has a pattern, in any order."""


class Hyperscan:
    """All patterns in one pass, with https://www.hyperscan.io (Intel) or Vectorscan."""

    name = "hyperscan"

    def __init__(self, nodes: Sequence[Node]) -> None:
        library: Any = import_module("hyperscan")
        self._flags = library.HS_FLAG_DOTALL | library.HS_FLAG_MULTILINE
        self._error: type[Exception] = library.HyperscanError
        self._make: Callable[[], Any] = library.Database
        written = [(number, widened(node)) for number, node in enumerate(nodes)]
        known = [(number, text) for number, text in written if text is not None]
        self._database = self._compiled(known)
        if self._database is None:  # one of them is beyond it
            known = [each for each in known if self._compiled([each]) is not None]
            self._database = self._compiled(known)
        within = {number for number, _ in known} if self._database is not None else frozenset()
        self.every_line = tuple(each for each, _ in written if each not in within)

    def spots(self, block: bytes) -> Iterable[Spot]:
        """Give the last byte of every match."""
        if self._database is None:
            return []
        found: list[Spot] = []
        add = found.append

        def on_match(number: int, _begin: int, end: int, _flags: int, _context: object) -> None:
            add((end - 1, number))

        self._database.scan(block, match_event_handler=on_match)
        return found

    def _compiled(self, known: Sequence[tuple[int, bytes]]) -> Any:  # noqa: ANN401 - it has no types
        if not known:
            return None
        database = self._make()
        try:
            database.compile(
                expressions=[text for _, text in known],
                ids=[number for number, _ in known],
                elements=len(known),
                flags=[self._flags] * len(known),
            )
        except self._error:
            return None
        return database


class Re2:
    """One automaton for all patterns, with https://github.com/google/re2: then which, by line."""

    name = "re2"
    _MEMORY = 64 << 20

    def __init__(self, nodes: Sequence[Node]) -> None:
        library: Any = import_module("re2")
        options: Any = library.Options()
        latin_1 = library.Options.Encoding.LATIN1
        chosen = {"encoding": latin_1, "max_mem": self._MEMORY, "log_errors": False}
        for name, value in chosen.items():
            setattr(options, name, value)
        written = [(number, widened(node)) for number, node in enumerate(nodes)]
        known = [(number, text) for number, text in written if text is not None]
        self.every_line = tuple(number for number, text in written if text is None)
        self._numbers = [number for number, _ in known]
        self._which = library.Set.SearchSet(options)
        for _, text in known:
            self._which.Add(b"(?m)" + text)
        self._which.Compile()
        together = b"|".join(text for _, text in known)
        self._any = library.compile(b"(?m)(?:%b)[^\\n]*" % together, options) if known else None

    def spots(self, block: bytes) -> Iterable[Spot]:
        """Give the last byte of each line that has one, once for each pattern."""
        if self._any is None:
            return
        numbers = self._numbers
        for found in self._any.finditer(block):
            last = found.end() - 1
            line = block[block.rfind(b"\n", 0, found.start() + 1) + 1 : last + 1]
            for each in self._which.Match(line) or ():
                yield last, numbers[each]


class Standard:
    """One search for each text that a pattern cannot be without, with nothing but Python."""

    name = "standard"

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._texts: list[tuple[bytes, int]] = []
        self._folded: list[tuple[bytes, int]] = []
        every_line: list[int] = []
        for number, node in enumerate(nodes):
            found: Literals | None = literals(node)
            if found is None:
                every_line.append(number)
                continue
            self._texts += ((text, number) for text in found.texts)
            self._folded += ((text, number) for text in found.folded)
        self.every_line = tuple(every_line)

    def spots(self, block: bytes) -> Iterable[Spot]:
        """Give the first place in each line that has such a text."""
        found: list[Spot] = []
        for text, number in self._texts:
            _seek(block, text, number, found)
        if self._folded:
            small = block.lower()
            for text, number in self._folded:
                _seek(small, text, number, found)
        return found


def _seek(block: bytes, text: bytes, number: int, found: list[Spot]) -> None:
    at = block.find(text)
    while at >= 0:
        found.append((at, number))
        end = block.find(b"\n", at)
        at = block.find(text, end) if end >= 0 else -1


LANES: dict[str, tuple[str, Callable[[Sequence[Node]], Lane]]] = {
    Hyperscan.name: ("hyperscan", Hyperscan),
    Re2.name: ("re2", Re2),
    Standard.name: ("", Standard),
}
"""What each lane needs, and how it is made; the quickest first."""


def lane(nodes: Sequence[Node], *, name: str = "") -> Lane:
    """Give the quickest lane there is, or the one of that *name*; raises UsageError."""
    for each, (library, make) in LANES.items():
        there = not library or find_spec(library) is not None
        if each == name and not there:
            hint = "pip install 'svcctl[rules]', or leave the choice to svcctl"
            raise UsageError(f"lane '{name}' needs {library}, which is not installed", hint=hint)
        if there and name in {"", each}:
            return make(nodes)
    raise UsageError(f"there is no lane '{name}'", hint=f"one of {', '.join(LANES)}")
