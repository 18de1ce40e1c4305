"""Looks for what somebody greps for, in time that grows with the line and not with their ingenuity.

Whoever may look at logs, from wherever, chooses the pattern; the agent must not stand still for it.
"""

from __future__ import annotations

import re
import warnings
from functools import cached_property
from typing import TYPE_CHECKING

from svcctl.errors import SpecError, UsageError

if TYPE_CHECKING:
    from svcctl.detect.rules.pattern import Pattern

_STEPS = 1 << 19
"""Steps that backtracking may take in one line, at the very worst: a few milliseconds."""


class Grep:
    """A pattern, as :mod:`re` has it; not to be shared by threads."""

    def __init__(self, text: str) -> None:
        """Read *text*; raises UsageError where it is no pattern, or only backtracking finds it."""
        from svcctl.spec.backtracking import reach  # noqa: PLC0415 - where somebody greps
        from svcctl.spec.regular import parse_regular  # noqa: PLC0415

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._text, self._bytes = re.compile(text), re.compile(text.encode())
        except (re.error, OverflowError, RecursionError, UnicodeEncodeError) as error:
            raise UsageError(f"{text!r:.200} is not a regular expression: {error}") from error
        try:
            self._quick = reach(parse_regular(text).node, steps=_STEPS)
        except SpecError as error:
            raise UsageError(
                f"{text!r:.200} can keep an agent busy: {error.problem:.400}",
                hint="look for less, and filter what comes: svcctl logs | grep -P PATTERN",
            ) from error

    def search(self, line: bytes | str) -> object | None:
        """Give something where the pattern is in *line*, else None."""
        if len(line) > self._quick:
            from svcctl.detect.rules.pattern import decoded  # noqa: PLC0415 - for long lines only

            text = decoded(line) if isinstance(line, bytes) else line
            return True if self._slow.matches(text) else None
        return self._text.search(line) if isinstance(line, str) else self._bytes.search(line)

    @cached_property
    def _slow(self) -> Pattern:
        from svcctl.detect.rules.pattern import Pattern  # noqa: PLC0415 - as above

        return Pattern(self._text.pattern)


def grep(text: str | None) -> Grep | None:
    """Give what looks for *text*, None for None; raises UsageError."""
    return None if text is None else Grep(text)
