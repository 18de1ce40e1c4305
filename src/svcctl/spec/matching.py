"""Says which alerts are meant, by their labels, as Alertmanager's matchers do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from svcctl.errors import SpecError, quoted
from svcctl.spec.backtracking import reach
from svcctl.spec.regular import parse_regular

_TEXT = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)

_LONGEST = 128  # characters of a label that an expression is shown
_STEPS = 5_000_000  # of the engine of re, about a tenth of a second


class Labelled(Protocol):
    """Whatever has labels."""

    def label(self, name: str) -> str:
        """Give the label called *name*; empty where there is none."""


class How(StrEnum):
    """How a label is compared; a missing one is an empty text."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """A condition on one label; the expressions of ``=~`` and ``!~`` have to match all of it.

    Of a longer label they are shown the first 128 characters.
    """

    label: str
    how: How
    value: str

    def __str__(self) -> str:
        return f'{self.label}{self.how}"{self.value}"'

    def fits(self, alert: Labelled) -> bool:
        """Say whether *alert* fulfils it."""
        found = alert.label(self.label)
        match self.how:
            case How.EQUAL:
                return found == self.value
            case How.NOT_EQUAL:
                return found != self.value
            case How.LIKE:
                return re.fullmatch(self.value, found[:_LONGEST]) is not None
            case How.UNLIKE:
                return re.fullmatch(self.value, found[:_LONGEST]) is None


def parse_matcher(text: str) -> Matcher:
    """Read ``service=web``, ``priority!="P2"``, ``host=~"db.*"`` or ``host!~"db.*"``.

    Raises SpecError, with a hint, for anything else.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise SpecError(
            f"{quoted(text)} is no condition on a label", hint='such as service=web or host=~"db.*"'
        )
    label, how, value = found.groups()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    matcher = Matcher(label=label, how=How(how), value=value)
    if matcher.how in {How.LIKE, How.UNLIKE}:
        _check_expression(value)
    return matcher


def _check_expression(text: str) -> None:
    """Raise SpecError unless *text* is an expression that is soon compared: the agent waits."""
    parse_regular(text)
    whole = parse_regular(rf"\A(?:{text})\Z")
    if reach(whole.node, steps=_STEPS) < _LONGEST:
        problem = f"{quoted(text)} may take very long to compare"
        raise SpecError(problem, hint="repeat nothing within what is repeated, such as (a+)+")


def fit(matchers: Iterable[Matcher], alert: Labelled) -> bool:
    """Say whether *alert* fulfils all of them."""
    return all(each.fits(alert) for each in matchers)
