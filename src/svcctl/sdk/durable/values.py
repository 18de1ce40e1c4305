"""Values as they are written down: JSON, and nothing that would come back as something else."""

from __future__ import annotations

import json
import math
from typing import Any, TypeAlias, cast

from svcctl.errors import StateFault, UsageError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What can be remembered."""

_HINT = "give None, bool, int, float, str, and lists and dicts (with str keys) of these"
_DEEPEST = 100


def encoded(value: object, what: str) -> str:
    """Give *value* as JSON that reads back equal and of the same types.

    Raises UsageError, which tells where in *value* and which type, and never shows the value.
    """
    _insist(value, what, 0)
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def decoded(text: str, what: str) -> Any:  # noqa: ANN401 - as json.loads: whoever wrote it knows
    """Give the value in *text*, or raise StateFault."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise StateFault(
            f"{what} is damaged: it is no JSON", hint="restore the file from a copy"
        ) from error


def _insist(value: object, where: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise UsageError(f"{where} is too deep, or in itself", hint=_HINT)
    kind = type(value)
    if value is None or kind in {bool, int, str}:
        return
    if kind is float:
        if not math.isfinite(cast("float", value)):
            raise UsageError(f"{where} is {value}, which JSON does not know", hint=_HINT)
    elif kind is list:
        for number, each in enumerate(cast("list[object]", value)):
            _insist(each, f"{where}[{number}]", depth + 1)
    elif kind is dict:
        for key, each in cast("dict[object, object]", value).items():
            if type(key) is not str:
                raise UsageError(f"{where} has a key of type {type(key).__name__}", hint=_HINT)
            _insist(each, f"{where}.{key}", depth + 1)
    else:
        raise UsageError(f"{where} is of type {kind.__name__}", hint=_HINT)
