"""Reads the text of NAME=value lines, quoted as for a shell, without running one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from svcctl.spec.names import VARIABLE_NAME

_BLANK = " \t\r"  # other characters that Unicode calls blank are text
_QUOTING = frozenset("'\"\\")
_VALUE = re.compile(  # as far as it goes: to a line's end, a comment or what is wrong
    r"""(?: [^'"\\\n \t] | [ \t](?!\#) | \\[^\n] | '[^']*' | "(?:[^"\\]|\\[\s\S])*+" )*+""",
    re.VERBOSE,
)
_WRONG = {"\\": "a backslash has nothing after it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One variable; *line* counts from 1."""

    name: str
    value: str = field(repr=False)  # it may be a secret
    line: int


class NotAnAssignmentError(Exception):
    """A line cannot be read: *problem* says why, and never shows a value."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem, line)
        self.problem = problem
        self.line = line


def assignments(text: str) -> Iterator[Assignment]:
    """Give the variables in *text*, in order.

    Quotes and backslashes mean what they mean to a shell, and a quoted value may span lines; what
    is not quoted is taken as it stands.  Raises NotAnAssignmentError at the first line that is
    wrong.
    """
    at, number = 0, 1
    while at < len(text):
        end = _line_end(text, at)
        stripped = text[at:end].lstrip(_BLANK)
        if stripped and not stripped.startswith("#"):
            name, sign, _ = stripped.removeprefix("export ").partition("=")
            if not sign or not VARIABLE_NAME.fullmatch(name.strip(_BLANK)):
                raise NotAnAssignmentError("this is not a NAME=value line", number)
            found = _VALUE.match(text, text.index("=", at) + 1)
            assert found is not None  # nothing at all is a value too
            after = text[found.end() : found.end() + 1]
            if after in _QUOTING:
                problem = _WRONG.get(after, "a quote is opened here and never closed")
                raise NotAnAssignmentError(problem, number)
            if "\0" in found[0]:
                raise NotAnAssignmentError("a value cannot hold a NUL", number)
            yield Assignment(name=name.strip(_BLANK), value=_unquoted(found[0]), line=number)
            end = _line_end(text, found.end())
        number += text.count("\n", at, end) + 1
        at = end + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _unquoted(value: str) -> str:
    """Give what *value* says."""
    return value.strip(_BLANK) if _QUOTING.isdisjoint(value) else " ".join(shlex.split(value))
