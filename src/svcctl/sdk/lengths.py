"""Lengths of time as authors write them."""

from __future__ import annotations

from svcctl.errors import UsageError
from svcctl.spec.notation import parse_duration


def seconds(length: str | float) -> float:
    """Give the seconds in *length*: a number has them already, a text is such as ``"1m30s"``.

    Raises SpecError, with a hint, where a text is no length.
    """
    return parse_duration(length) if isinstance(length, str) else float(length)


def interval(length: str | float) -> float:
    """Give the seconds in *length*, which are more than none; raises SpecError, UsageError."""
    found = seconds(length)
    if not found > 0:
        raise UsageError(f"{length!r} is no time to wait", hint='such as "30s"')
    return found
