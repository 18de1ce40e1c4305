"""Conditions on what a record names, such as ``status>=500 and method=GET``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.spec.notation import show

_CONDITION = re.compile(
    r"""\s*(?P<name>[\w@][\w@./:-]*?)\s*
    (?:(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^\s"'=][^\s"']*))?\s*""",
    re.VERBOSE,
)
_AND = re.compile(r"\s+and\s+(?=(?:[^\"']|\"[^\"]*\"|'[^']*')*$)")
_HINT = "write for example: status>=500, or: method=GET and path!='/health'"

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One condition: the field *name* is there and, with a *sign*, stands so to *value*.

    Numbers, also those in a text, are compared as numbers; ``=`` and ``!=`` compare all else as
    texts, and nothing else is less or more than anything.
    """

    name: str
    sign: str = ""
    value: str = ""

    def holds(self, fields: Mapping[str, object]) -> bool:
        """Say whether it does; never where the field is missing."""
        found = field_of(fields, self.name)
        if found is None:
            return False
        if not self.sign:
            return True
        left, right = number(found), number(self.value)
        if self.sign in _SIGNS:
            return left is not None and right is not None and _SIGNS[self.sign](left, right)
        is_equal = _text(found) == self.value if left is None or right is None else left == right
        return is_equal == (self.sign != "!=")


def parse_where(text: str) -> tuple[Where, ...]:
    """Read conditions joined by ``and``; raises SpecError, with a hint, for anything else."""
    found: list[Where] = []
    for part in _AND.split(text):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise SpecError(f"{show(text)} is no condition on fields", hint=_HINT)
        value, sign = match["value"] or "", match["sign"] or ""
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        if sign in _SIGNS and number(value) is None:
            raise SpecError(f"{show(value)} is no number, which {sign} needs", hint=_HINT)
        found.append(Where(name=match["name"], sign="=" if sign == "==" else sign, value=value))
    return tuple(found)


def field_of(fields: Mapping[str, object], name: str) -> object:
    """Give the field called *name*, or for ``a.b`` the ``b`` in ``a``; None if there is none."""
    if name in fields:
        return fields[name]
    first, dot, rest = name.partition(".")
    inner = fields.get(first) if dot else None
    return field_of(inner, rest) if isinstance(inner, Mapping) else None


def number(value: object) -> float | None:
    """Give the number that *value* is or, as a text, tells; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if found - found == 0 else None  # neither infinite nor no number at all


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
