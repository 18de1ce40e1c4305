"""What was asked with a verb, checked against the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.app.verb import Kind, Verb
from svcctl.errors import UsageError

if TYPE_CHECKING:
    from svcctl.auth.identity import Identity

_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.INTEGER: (int,),
    Kind.FLAG: (bool,),
    Kind.DURATION: (int, float),
}
_MOST: dict[Kind, float] = {
    Kind.INTEGER: 2**31 - 1,
    Kind.DURATION: 100 * 365.25 * 86_400,  # as in files
}
"""What numbers may be at most; at least they are 0."""
_LONGEST = 4_096  # characters of a text


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one request, defaults filled in; each getter gives the type it names.

    *asker* is who makes it, None where nobody is known.
    """

    values: Mapping[str, object]
    asker: Identity | None = None

    @property
    def actor(self) -> str:
        """Who makes it, as they are audited."""
        return self.asker.actor if self.asker else "unknown"

    def flag(self, name: str) -> bool:
        """Give a flag."""
        return self.values[name] is True

    def text(self, name: str) -> str | None:
        """Give a text, None where it was not given."""
        value = self.values[name]
        return value if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        """Give a whole number, None where it was not given."""
        value = self.values[name]
        return value if isinstance(value, int) else None

    def seconds(self, name: str) -> float | None:
        """Give a length of time, None where it was not given."""
        value = self.values[name]
        return float(value) if isinstance(value, int | float) else None


def check(verb: Verb, given: Mapping[str, object], *, asker: Identity | None = None) -> Arguments:
    """Give the arguments of *verb*; raises UsageError for what the table does not list."""
    known = {arg.name: arg for arg in verb.args}
    for name in given:
        if name not in known:
            from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - for mistakes only

            hint = did_you_mean(name, known)
            raise UsageError(f"{verb.name!r} takes no argument {name!r}", hint=hint)
    values = {name: given.get(name, arg.default) for name, arg in known.items()}
    for name, value in values.items():
        arg = known[name]
        if value is None:
            continue
        types = _TYPES.get(arg.kind)
        wrong = types is not None and (
            not isinstance(value, types) or (isinstance(value, bool) and arg.kind is not Kind.FLAG)
        )
        if wrong or (arg.choices and value not in arg.choices):
            wanted = " or ".join(arg.choices) or arg.kind
            raise UsageError(f"argument {name!r} of {verb.name!r} is {_shown(value)}, not {wanted}")
        most = _MOST.get(arg.kind)
        if most is not None and isinstance(value, int | float) and not 0 <= value <= most:
            raise UsageError(f"argument {name!r} of {verb.name!r} is out of range")
        if isinstance(value, str) and len(value) > _LONGEST:
            raise UsageError(f"argument {name!r} of {verb.name!r} is too long")
    return Arguments(values, asker)


def _shown(value: object) -> str:
    from svcctl.spec.notation import show  # noqa: PLC0415 - for mistakes only

    return show(value)
