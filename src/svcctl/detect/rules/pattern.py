"""A pattern of a rule, looked for with ``re`` where that is surely quick, else by an automaton.

Both mean the same: Python's ``re``, case and classes as Unicode has them, searched in one line.
A line is text in UTF-8; each byte that is not gets through as a character of its own (PEP 383).
"""

from __future__ import annotations

import re
import warnings
from functools import cached_property

from svcctl.detect.rules.automaton import Automaton, Spotter
from svcctl.detect.rules.program import Program, program
from svcctl.spec.backtracking import reach
from svcctl.spec.regular import Regular, parse_regular

_STEPS = 1 << 19
"""Steps that backtracking may take in one line, at the very worst: a few milliseconds."""


def decoded(line: bytes) -> str:
    """Give the text of a line as patterns see it."""
    return line.decode("utf-8", "surrogateescape")


class Pattern:
    """A pattern and the lines that have it; not to be shared by threads."""

    def __init__(self, pattern: str) -> None:
        """Read *pattern*; raises SpecError where rules cannot use it."""
        self.regular: Regular = parse_regular(pattern)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._search = re.compile(pattern).search
        self._quick = reach(self.regular.node, steps=_STEPS)

    def matches(self, text: str) -> bool:
        """Say whether it is in *text*, a line without its end."""
        if len(text) <= self._quick:
            return self._search(text) is not None
        return self._automaton.finds(text)

    def group(self, text: str, name: str) -> str | None:
        """Give what the group of that *name* holds where the pattern is in *text*; else None."""
        if len(text) <= self._quick:
            found = self._search(text)
            return found[int(name) if name.isdecimal() else name] if found else None
        number = self.regular.groups[name]
        spans = self._spotter.spans(text) or {}
        begin, end = spans.get(2 * number - 2), spans.get(2 * number - 1)
        return None if begin is None or end is None else text[begin:end]

    @cached_property
    def _program(self) -> Program:
        return program(self.regular.node)

    @cached_property
    def _automaton(self) -> Automaton:
        return Automaton(self._program)

    @cached_property
    def _spotter(self) -> Spotter:
        return Spotter(self._program)
