"""What a living service is asked over its endpoint, and the form of what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from svcctl.errors import UsageError, quoted

_BIGGEST = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its arguments, and who makes it.

    Whoever gets in is the service's own user, or above it, and may say for whom he asks: an agent
    names the actor it was asked by.  Each getter raises UsageError where a value is of no use.
    """

    args: Mapping[str, object]
    who: str

    def text(self, name: str) -> str:
        """Give a text; empty where it was not given."""
        value = self.args.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        raise UsageError(f"{name} is {quoted(value)}, not a text")

    def flag(self, name: str) -> bool:
        """Give a flag; False where it was not given."""
        return self.args.get(name) is True

    def whole_number(self, name: str) -> int:
        """Give a number from 0 on, which has to be given."""
        value = self.args.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _BIGGEST:
            return value
        raise UsageError(f"{name} is {quoted(value)}, not a whole number")

    def table(self, name: str) -> Mapping[str, object]:
        """Give a table, which has to be given."""
        value = self.args.get(name)
        if isinstance(value, Mapping):
            return value
        raise UsageError(f"{name} is no table of names and values")

    def seconds(self, name: str) -> float | None:
        """Give a length of time; None where it was not given."""
        value = self.args.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _BIGGEST:
            return float(value)
        raise UsageError(f"{name} is {quoted(value)}, not a length of time")


Answer = Callable[[Asked], Awaitable[object]]
"""Does what was asked and gives what JSON can hold; what it raises as SvcctlError is the answer."""

Answers = Mapping[str, Answer]
"""What a service answers, by the name of the request."""
