"""Reads values as they are typed, and as files have them: ``smtp.port=26``, TOML, JSON."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from svcctl.errors import SpecError, UsageError, quoted


def read_values(content: bytes, name: str) -> dict[str, Any]:
    """Give the values of a file called *name*: TOML, or JSON where it begins as such.

    Raises SpecError; dates are none, as JSON has none.
    """
    try:
        text = content.decode()
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        json.dumps(found, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise SpecError(f"{quoted(name)} holds no values: {error}") from error
    assert isinstance(found, dict)
    return found


def put_value(values: dict[str, Any], word: str) -> None:
    """Put what ``smtp.port=26`` says into *values*; what is no TOML is a text.

    Raises UsageError.
    """
    key, sign, text = word.partition("=")
    names = key.split(".")
    if not sign or not all(names):
        raise UsageError(f"{quoted(word)} is no KEY=VALUE", hint="such as smtp.port=26")
    for name in names[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise UsageError(f"{quoted(word)}: {name!r} has a value already")
    values[names[-1]] = _value(text)


def _value(text: str) -> object:
    try:
        found = tomllib.loads(f"value = {text}")
        json.dumps(found, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return text
    return found["value"] if found.keys() == {"value"} else text
